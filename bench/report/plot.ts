// The ratios of all measures as a picture: one bar each on a logarithmic axis, with a mark where the goal stands.

import { goalOf, judge } from '../goals.ts';
import { medianOf, type Results, ratioOf } from '../results.ts';

const LABELS_WIDTH = 300;
const BARS_WIDTH = 520;
const LINE_HEIGHT = 20;
const TOP = 50;
const RATIO_MIN = 0.5;
const RATIO_MAX = 1000;

const x = (ratio: number): number => {
  const clamped = Math.min(RATIO_MAX, Math.max(RATIO_MIN, ratio));
  return LABELS_WIDTH + (BARS_WIDTH * Math.log(clamped / RATIO_MIN)) / Math.log(RATIO_MAX / RATIO_MIN);
};

interface Bar {
  readonly name: string;
  readonly ratio: number;
  readonly goal: number | undefined;
  readonly isReached: boolean;
}

const barsOf = (results: Results): Bar[] => {
  const ours = results.servers.find(({ server }) => server === 'kintsugi')?.measures ?? [];
  return ours.flatMap(({ name, unit }) => {
    const our = medianOf(results, 'kintsugi', name);
    const their = medianOf(results, 'synapse', name);
    if (!our || !their || our < 0 || their < 0) return [];
    const isReached = judge(results, name)?.isReached ?? true;
    return [{ name, ratio: ratioOf(unit, our, their), goal: goalOf(name), isReached }];
  });
};

const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const drawBar = ({ name, ratio, goal, isReached }: Bar, index: number): string => {
  const top = TOP + index * LINE_HEIGHT;
  const [from, to] = [x(1), x(ratio)].sort((a, b) => a - b) as [number, number];
  const colour = isReached ? (goal === undefined ? '#9aa7b0' : '#b8860b') : '#b03a2e';
  const mark =
    goal === undefined
      ? ''
      : `<line x1="${x(goal)}" x2="${x(goal)}" y1="${top + 1}" y2="${top + LINE_HEIGHT - 3}" stroke="#222" stroke-width="2"/>`;
  return [
    `<text x="${LABELS_WIDTH - 8}" y="${top + 13}" text-anchor="end">${escapeText(name)}</text>`,
    `<rect x="${from}" y="${top + 3}" width="${Math.max(1, to - from)}" height="${LINE_HEIGHT - 7}" fill="${colour}"/>`,
    mark,
    `<text x="${to + 6}" y="${top + 13}">${ratio.toPrecision(3)} ×</text>`,
  ].join('');
};

const axis = (height: number): string =>
  [1, 10, 100, 1000]
    .map(
      (ratio) =>
        `<line x1="${x(ratio)}" x2="${x(ratio)}" y1="${TOP - 6}" y2="${height - 10}" stroke="#ddd"/>` +
        `<text x="${x(ratio)}" y="${TOP - 12}" text-anchor="middle">${ratio} ×</text>`,
    )
    .join('');

export const renderPlot = (results: Results): string => {
  const bars = barsOf(results);
  const height = TOP + bars.length * LINE_HEIGHT + 20;
  const width = LABELS_WIDTH + BARS_WIDTH + 80;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="10" y="18" font-size="14">How many times better Kintsugi is than Synapse (more per second, or less of anything else); black: the goal</text>
${axis(height)}
${bars.map(drawBar).join('\n')}
</svg>
`;
};
