import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BradleyTerryData, fitBradleyTerry, ScoringError } from "../../src/scoring/index.ts";
import { plainData, referenceDatasets } from "../../test/unit/scoring/reference.ts";
import { BENCHMARK_SETS, generate } from "./datasets.ts";

interface PeerSet {
  readonly name: string;
  readonly data: BradleyTerryData;
  /** Prior variance of the fixed-prior fits. */
  readonly variance: number;
}

/** A tool that has not finished a set after so long is stopped, and the table says so. */
const LIMIT_SECONDS = 300;

/** The sets of the benchmark and the small reference sets of the tests, repeated verdicts as rows of their own. */
function peerSets(): PeerSet[] {
  const small = referenceDatasets.map(([name, dataset]) => ({
    name,
    data: withoutWeights(plainData(dataset)),
    variance: 5,
  }));
  return [...small, ...BENCHMARK_SETS.map((set) => ({ ...set, data: generate(set) }))];
}

function withoutWeights({ itemCount, winners, losers, weights }: BradleyTerryData): BradleyTerryData {
  if (!weights) return { itemCount, winners, losers };
  const rows = Array.from(weights, (weight, row) => new Array<number>(weight).fill(row)).flat();
  return {
    itemCount,
    winners: Int32Array.from(rows, (row) => winners[row]),
    losers: Int32Array.from(rows, (row) => losers[row]),
  };
}

/** Compares choix and evalica with the product on the same data; the rows are written to bench/scoring/peers.json. */
export function comparePeers(time: (action: () => unknown, repeats: number) => number): void {
  const folder = mkdtempSync(join(tmpdir(), "cj-edge-peers-"));
  const specs = peerSets().map(({ name, data, variance }, index) => {
    const repeats = data.winners.length > 100_000 ? 5 : 99;
    const withPrior = () => fitBradleyTerry(data, { prior: { variance } }).abilities;
    const likelihood = maximumLikelihood(data);
    writeFileSync(join(folder, `${index}.winners`), data.winners);
    writeFileSync(join(folder, `${index}.losers`), data.losers);
    writeFileSync(join(folder, `${index}.map`), withPrior());
    if (likelihood) writeFileSync(join(folder, `${index}.mle`), likelihood);
    return {
      index,
      name,
      variance,
      items: data.itemCount,
      hasMle: likelihood !== null,
      mapMilliseconds: time(withPrior, repeats),
      mleMilliseconds: likelihood && time(() => maximumLikelihood(data), repeats),
    };
  });
  writeFileSync(join(folder, "sets.json"), JSON.stringify(specs));
  const { PYTHON: python = "python3" } = process.env;
  const script = join(import.meta.dirname, "peers.py");
  const { status } = spawnSync(python, [script, folder, `${LIMIT_SECONDS}`], { stdio: "inherit" });
  if (status === 0) copyFileSync(join(folder, "peers.json"), join(import.meta.dirname, "peers.json"));
  rmSync(folder, { recursive: true });
}

function maximumLikelihood(data: BradleyTerryData): Float64Array | null {
  try {
    return fitBradleyTerry(data, { prior: "none" }).abilities;
  } catch (error) {
    if (error instanceof ScoringError && error.code === "mle_does_not_exist") return null;
    throw error;
  }
}
