import { SingleBar } from "cli-progress";
import type { BatchStatus } from "./client.ts";
import { describeCount } from "./ranking-wait.ts";

/** Percentage points between two lines where no bar can be drawn. */
const LINE_STEP_PCT = 10;

export interface Progress {
  show(batch: BatchStatus): void;
  /** Leaves the last state on screen. Can be called without having shown anything. */
  finish(): void;
}

/** A bar on a terminal, a line per tenth anywhere else. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? createBar(stream) : createLines((line) => stream.write(`${line}\n`));
}

function createBar(stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({
    stream,
    format: "Judging [{bar}] {percentage} % · {value}/{total} comparisons · {state}",
    barCompleteChar: "#",
    barIncompleteChar: ".",
    hideCursor: true,
    gracefulExit: false,
  });
  return {
    show({ completed_comparisons, total_comparisons, state }) {
      if (!bar.isActive) {
        bar.start(total_comparisons, completed_comparisons, { state });
      }
      bar.setTotal(total_comparisons);
      bar.update(completed_comparisons, { state });
    },
    finish: () => bar.stop(),
  };
}

/** Prints a line at each new state and each further tenth. */
export function createLines(print: (line: string) => void): Progress {
  let shown = "";
  return {
    show(batch) {
      const step = `${batch.state} ${Math.floor(batch.progress_pct / LINE_STEP_PCT)}`;
      if (step !== shown) {
        shown = step;
        print(`${batch.state}: ${describeCount(batch)} (${Math.round(batch.progress_pct)} %)`);
      }
    },
    finish() {},
  };
}
