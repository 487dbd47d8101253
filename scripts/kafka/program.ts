import { spawn } from "node:child_process";

export interface Ended {
  /** The exit code; 127 when there is no such program, as shells have it. */
  readonly code: number;
  /** What it wrote on both of its outputs. */
  readonly output: string;
}

/** Runs a program to its end. */
export function runProgram(program: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
