import "./register.ts";
const { simulate } = await import("./simulation.ts");
const first = Number(process.argv[2] ?? 0), count = Number(process.argv[3] ?? 1);
const t = performance.now();
let steps = 0;
for (let seed = first; seed < first + count; seed++) {
  const r = await simulate(seed);
  steps += r.steps;
  if (r.violations.length > 0) console.log(seed, r.steps, r.violations.slice(0, 3));
  if (count === 1) { console.log(r.notes.slice(-Number(process.argv[4] ?? 60)).join("\n")); console.log(r.steps, r.digest, r.endings, r.violations); }
}
console.log(count, "runs", Math.round(performance.now() - t), "ms", steps, "steps");
