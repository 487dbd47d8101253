import type { CurvePoint } from "./curves.ts";

/** One batch size and spread: the mean curves of both strategies. */
export interface Panel {
  readonly name: string;
  readonly balanced: readonly CurvePoint[];
  readonly adaptive: readonly CurvePoint[];
}

const WIDTH = 280;
const HEIGHT = 180;
const MARGIN = { left: 40, top: 30, right: 16, bottom: 34 };
const COLUMNS = 2;
const R_SQUARED_MIN = 0.3;

/** Small multiples of r² against comparisons per essay, as a self-contained SVG that reads on light and dark pages. */
export function drawPlot(panels: readonly Panel[]): string {
  const cellWidth = WIDTH + MARGIN.left + MARGIN.right;
  const cellHeight = HEIGHT + MARGIN.top + MARGIN.bottom;
  const rows = Math.ceil(panels.length / COLUMNS);
  const cells = panels.map((panel, index) => {
    const x = (index % COLUMNS) * cellWidth + MARGIN.left;
    const y = Math.floor(index / COLUMNS) * cellHeight + MARGIN.top;
    return `<g transform="translate(${x} ${y})">${drawPanel(panel)}</g>`;
  });
  const width = COLUMNS * cellWidth;
  const height = rows * cellHeight + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" role="img">`,
    "<title>Squared correlation with the truth against comparisons per essay: auto and balanced rounds</title>",
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...cells,
    `<g transform="translate(${MARGIN.left} ${height - 10})">`,
    '<line x2="24" stroke="#c2410c" stroke-width="2"/><text x="30" y="4">auto (swaps and random pairs included)</text>',
    '<line x1="270" x2="294" stroke="#475569" stroke-width="2" stroke-dasharray="5 3"/><text x="300" y="4">balanced rounds</text>',
    "</g></svg>\n",
  ].join("\n");
}

function drawPanel({ name, balanced, adaptive }: Panel): string {
  const most = Math.max(...[...balanced, ...adaptive].map(({ perEssay }) => perEssay));
  const x = (perEssay: number) => round((perEssay / most) * WIDTH);
  const y = (rSquared: number) =>
    round(HEIGHT * (1 - (Math.max(rSquared, R_SQUARED_MIN) - R_SQUARED_MIN) / (1 - R_SQUARED_MIN)));
  const path = (curve: readonly CurvePoint[]) =>
    curve
      .map(({ perEssay, rSquared }, index) => `${index === 0 ? "M" : "L"}${x(perEssay)} ${y(rSquared)}`)
      .join("");
  const targets = [0.3, 0.5, 0.7, 0.8, 0.9, 1].map(
    (target) =>
      `<line x2="${WIDTH}" y1="${y(target)}" y2="${y(target)}" stroke="#e2e8f0"/><text x="-6" y="${y(target) + 4}" text-anchor="end">${target}</text>`,
  );
  const step = most > 40 ? 10 : 5;
  const ticks = Array.from({ length: Math.floor(most / step) }, (_, index) => (index + 1) * step).map(
    (tick) => `<text x="${x(tick)}" y="${HEIGHT + 15}" text-anchor="middle">${tick}</text>`,
  );
  return [
    `<text y="-10" font-weight="bold">${name}</text>`,
    ...targets,
    ...ticks,
    `<text x="${WIDTH / 2}" y="${HEIGHT + 29}" text-anchor="middle">comparisons per essay</text>`,
    `<path d="${path(balanced)}" fill="none" stroke="#475569" stroke-width="2" stroke-dasharray="5 3"/>`,
    `<path d="${path(adaptive)}" fill="none" stroke="#c2410c" stroke-width="2"/>`,
  ].join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
