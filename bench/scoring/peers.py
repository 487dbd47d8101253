"""choix 0.4.1 and evalica 0.4.2 (Rust) on every set of the scoring benchmark: time, and distance from the optimum.

    python3 -m venv .venv && .venv/bin/pip install -r bench/scoring/requirements.txt
    PYTHON=.venv/bin/python node bench/scoring/run.ts --peers

Each tool runs with its own defaults, in a process of its own, within a time limit; where it cannot finish, the table says why.
The optimum is computed here, by Newton's method with sparse solves to 1e-13, independently of the code it judges. opt_pairwise
is given the prior of the fixed-prior row (alpha = 1 / (2 variance)); ilsr_pairwise and evalica look for the
maximum-likelihood estimate, which is said where it does not exist.
"""

import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

TOOLS = ("choix opt_pairwise", "choix ilsr_pairwise", "evalica bradley_terry (Rust)")
# A run shorter than this is repeated, and the median counts.
SHORT_SECONDS = 1.0
REPEATS = 5


def read_set(folder, spec):
    index = spec["index"]
    winners = np.fromfile(folder / f"{index}.winners", np.int32)
    losers = np.fromfile(folder / f"{index}.losers", np.int32)
    return winners, losers


def optimum(n, winners, losers, precision):
    """Minimises sum log(1+exp(-(tw-tl))) + precision/2 * sum t^2 over centred t."""
    from scipy import sparse
    from scipy.sparse.linalg import cg

    theta = np.zeros(n)
    wins = np.bincount(winners, minlength=n).astype(float)
    for _ in range(100):
        p = 1 / (1 + np.exp(theta[losers] - theta[winners]))
        expected = np.bincount(winners, p, n) + np.bincount(losers, 1 - p, n)
        gradient = expected - wins + precision * theta
        w = p * (1 - p)
        adjacency = sparse.coo_matrix((w, (winners, losers)), (n, n))
        adjacency = (adjacency + adjacency.T).tocsr()
        degree = np.asarray(adjacency.sum(axis=1)).ravel() + precision
        hessian = sparse.diags(degree) - adjacency
        step, _ = cg(hessian, gradient, rtol=1e-12, maxiter=2000, M=sparse.diags(1 / degree))
        step -= step.mean()
        size = np.abs(step).max()
        theta -= step / max(1, size / 2)
        if size < 1e-13:
            break
    return theta - theta.mean()


def prepare(tool, n, winners, losers, precision):
    """The call to be timed: input in the tool's own form is made before the clock starts."""
    if tool.startswith("choix"):
        import choix

        pairs = list(zip(winners.tolist(), losers.tolist()))
        if tool == "choix opt_pairwise":
            return lambda: choix.opt_pairwise(n, pairs, alpha=precision / 2)
        return lambda: choix.ilsr_pairwise(n, pairs)

    import evalica
    import pandas as pd

    xs, ys = winners.tolist(), losers.tolist()
    outcome = [evalica.Winner.X] * len(xs)
    index = pd.Index(range(n))

    def run():
        result = evalica.bradley_terry(xs, ys, outcome, index=index)
        scores = result.scores.sort_index().to_numpy()
        if result.iterations >= result.limit:
            warnings.warn(f"stopped at its limit of {result.limit} iterations")
        return np.log(scores)

    return run


def run_one(folder, index, tool):
    """Runs one tool on one set and writes its abilities; prints milliseconds and what it warned of, as JSON."""
    specs = json.loads((folder / "sets.json").read_text())
    spec = next(spec for spec in specs if spec["index"] == index)
    winners, losers = read_set(folder, spec)
    action = prepare(tool, spec["items"], winners, losers, 1 / spec["variance"])
    times = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        while not times or (times[0] < SHORT_SECONDS and len(times) < REPEATS):
            started = time.perf_counter()
            theta = action()
            times.append(time.perf_counter() - started)
    np.asarray(theta, np.float64).tofile(folder / f"{index}.theirs")
    notes = sorted({str(warning.message) for warning in caught})
    print(json.dumps({"milliseconds": sorted(times)[len(times) // 2] * 1000, "note": "; ".join(notes)}))


def attempt(folder, spec, tool, limit):
    """What became of one tool on one set: its time, or why there is none."""
    command = [sys.executable, __file__, str(folder), "--one", str(spec["index"]), tool]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return {"milliseconds": None, "note": f"not finished after {limit} s"}
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    lines = done.stderr.strip().splitlines()
    return {"milliseconds": None, "note": lines[-1] if lines else f"died with exit code {done.returncode}"}


def describe(folder, spec, tool, limit):
    exists = spec["hasMle"] or tool == "choix opt_pairwise"
    fixed_prior = tool == "choix opt_pairwise"
    ours = spec["mapMilliseconds"] if fixed_prior else spec["mleMilliseconds"]
    result = {"set": spec["name"], "tool": tool, **attempt(folder, spec, tool, limit), "ours_milliseconds": ours}
    if not exists:
        result["note"] = "; ".join(filter(None, ["no maximum-likelihood estimate exists", result["note"]]))
        return result
    if result["milliseconds"] is None:
        return result
    winners, losers = read_set(folder, spec)
    best = optimum(spec["items"], winners, losers, 1 / spec["variance"] if fixed_prior else 0.0)
    theirs = np.fromfile(folder / f"{spec['index']}.theirs", np.float64)
    own = np.fromfile(folder / f"{spec['index']}.{'map' if fixed_prior else 'mle'}", np.float64)
    result["distance"] = float(np.abs(theirs - theirs.mean() - best).max())
    result["ours_distance"] = float(np.abs(own - best).max())
    return result


def show(result):
    if result["milliseconds"] is None:
        took = f"{'-':>14}"
    else:
        took = f"{result['milliseconds']:11.2f} ms"
    cells = [f"{result['set']:24}", f"{result['tool']:29}", took]
    if result["ours_milliseconds"] is not None:
        cells.append(f"ours {result['ours_milliseconds']:9.3f} ms")
        if result["milliseconds"] is not None:
            cells.append(f"{result['milliseconds'] / result['ours_milliseconds']:9.1f} x slower")
    if "distance" in result:
        cells.append(f"off by {result['distance']:.1e}, ours by {result['ours_distance']:.1e}")
    print("  ".join([*cells, result["note"]]), flush=True)


def main(folder, limit):
    results = []
    for spec in json.loads((folder / "sets.json").read_text()):
        for tool in TOOLS:
            results.append(describe(folder, spec, tool, limit))
            show(results[-1])
            (folder / "peers.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[2] == "--one":
        run_one(Path(sys.argv[1]), int(sys.argv[3]), sys.argv[4])
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]))
