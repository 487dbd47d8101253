"""choix 0.4.1 and evalica 0.4.2 (Rust) on the data of the scoring benchmark: time, and distance from the optimum.

    python3 -m venv .venv && .venv/bin/pip install choix==0.4.1 evalica==0.4.2 numpy==2.4.6 scipy==1.17.1
    PYTHON=.venv/bin/python node bench/scoring/run.ts --peers

The optimum is computed here, by Newton's method with sparse solves to 1e-13, independently of the code it judges. Every tool runs
with its own defaults. A tool is left out of a set where its dense matrices or interpreted loops would take over five minutes.
"""

import json
import sys
import time
from pathlib import Path

import choix
import evalica
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg


def optimum(n, winners, losers, precision):
    """Minimises sum log(1+exp(-(tw-tl))) + precision/2 * sum t^2 over centred t."""
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


def timed(action):
    started = time.perf_counter()
    result = action()
    return (time.perf_counter() - started) * 1000, result


def report(name, tool, milliseconds, ours, error, our_error):
    if milliseconds is None:
        print(f"{name:20}  {tool:32}  {error}")
        return
    print(
        f"{name:20}  {tool:32}  {milliseconds:12.1f} ms  {milliseconds / ours:9.1f} x ours  "
        f"max|d theta| {error:.1e} against our {our_error:.1e}"
    )


def main(folder):
    for spec in json.loads((folder / "sets.json").read_text()):
        name, n, index = spec["name"], spec["items"], spec["index"]
        winners = np.fromfile(folder / f"{index}.winners", np.int32)
        losers = np.fromfile(folder / f"{index}.losers", np.int32)
        m = len(winners)
        precision = 1 / spec["variance"]
        best = optimum(n, winners, losers, precision)
        ours = np.fromfile(folder / f"{index}.map", np.float64)
        our_error = np.abs(ours - best).max()
        print(f"{name:20}  {'cj-edge, fixed prior':32}  {spec['mapMilliseconds']:12.1f} ms  {'':14}  max|d theta| {our_error:.1e}")
        pairs = list(zip(winners.tolist(), losers.tolist()))
        if n <= 1000 and m <= 10000:
            took, theta = timed(lambda: choix.opt_pairwise(n, pairs, alpha=precision / 2))
            theta = theta - theta.mean()
            report(name, "choix opt_pairwise", took, spec["mapMilliseconds"], np.abs(theta - best).max(), our_error)
        else:
            report(name, "choix opt_pairwise", None, None, "left out: a Python loop per verdict and a dense Hessian", None)
        if not spec["hasMle"]:
            print(f"{name:20}  the maximum-likelihood estimate does not exist: ilsr_pairwise and evalica have nothing to find")
            continue
        if n > 2000:
            report(name, "choix ilsr_pairwise", None, None, "left out: a dense LU of 10,000 x 10,000 per iteration", None)
            report(name, "evalica bradley_terry (Rust)", None, None, "left out: dense 10,000 x 10,000 matrices (800 MB each)", None)
            continue
        best = optimum(n, winners, losers, 0.0)
        our_error = np.abs(np.fromfile(folder / f"{index}.mle", np.float64) - best).max()
        print(f"{name:20}  {'cj-edge, maximum likelihood':32}  {spec['mleMilliseconds']:12.1f} ms  {'':14}  max|d theta| {our_error:.1e}")
        took, theta = timed(lambda: choix.ilsr_pairwise(n, pairs))
        report(name, "choix ilsr_pairwise", took, spec["mleMilliseconds"], np.abs(theta - theta.mean() - best).max(), our_error)
        xs, ys = winners.tolist(), losers.tolist()
        outcome = [evalica.Winner.X] * m
        took, result = timed(lambda: evalica.bradley_terry(xs, ys, outcome))
        theta = np.log(result.scores.sort_index().to_numpy())
        report(name, "evalica bradley_terry (Rust)", took, spec["mleMilliseconds"], np.abs(theta - theta.mean() - best).max(), our_error)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
