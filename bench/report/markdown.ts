// The results as a page: a table of all measures with the goals, and tables of how cost grows.

import { judge } from '../goals.ts';
import { measureOf, medianOf, type Results, ratioOf, splitName } from '../results.ts';
import type { Measure } from '../rows/row.ts';

const number = (value: number): string => {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3).replace(/^(-?\d+)\.0+$/, '$1');
};

const cell = (measure: Measure | undefined, value: number | undefined): string => {
  if (!measure || value === undefined) return '–';
  const { values } = measure;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return values.length > 1 ? `${number(value)} (${number(least)}–${number(most)})` : number(value);
};

const names = (results: Results): string[] => [
  ...new Set(results.servers.flatMap(({ measures }) => measures.map(({ name }) => name))),
];

const row = (results: Results, name: string): string => {
  const ours = measureOf(results, 'kintsugi', name);
  const theirs = measureOf(results, 'synapse', name);
  const [ourMedian, theirMedian] = [medianOf(results, 'kintsugi', name), medianOf(results, 'synapse', name)];
  const { unit } = (ours ?? theirs)!;
  const isComparable = ourMedian !== undefined && theirMedian !== undefined && ourMedian > 0 && theirMedian > 0;
  const ratio = isComparable ? `${number(ratioOf(unit, ourMedian, theirMedian))} ×` : '';
  const judged = judge(results, name);
  const goal = judged ? `${judged.goal} ${judged.isReached ? '✓' : '**missed**'}` : '';
  return `| ${name} | ${unit} | ${cell(theirs, theirMedian)} | ${cell(ours, ourMedian)} | ${ratio} | ${goal} |`;
};

const growthTable = (results: Results, what: string, sizes: readonly number[]): string => {
  const header = [
    `| ${what} | ${sizes.map((size) => `at ${size}`).join(' | ')} |`,
    `|---|${sizes.map(() => '---:|').join('')}`,
  ];
  const lines = results.servers.map(({ server }) => {
    const values = sizes.map((size) => medianOf(results, server, `${what} @${size}`));
    const [first] = values;
    const cells = values.map((value, index) => {
      if (value === undefined) return '–';
      return index === 0 || !first ? number(value) : `${number(value)} (${number(value / first)} ×)`;
    });
    return `| ${server} | ${cells.join(' | ')} |`;
  });
  return [...header, ...lines].join('\n');
};

const growth = (results: Results): string => {
  const sizesOf = new Map<string, number[]>();
  for (const name of names(results)) {
    const { what, size } = splitName(name);
    if (size !== undefined) sizesOf.set(what, [...(sizesOf.get(what) ?? []), size]);
  }
  return [...sizesOf].map(([what, sizes]) => growthTable(results, what, sizes)).join('\n\n');
};

const about = ({ startedAt, machine, node, repeats, servers }: Results): string => {
  const versions = servers.map(({ server, version, tookSeconds }) => `${server} ${version} (${tookSeconds} s)`);
  const busiest = Math.max(...servers.map(({ foreignShareMax }) => foreignShareMax));
  return [
    `${startedAt.slice(0, 16).replace('T', ' ')} UTC; ${machine.cores} cores of ${machine.processor}, ${machine.memoryGib} GiB; Node ${node}.`,
    `Measured one after the other: ${versions.join(', then ')}. Medians of ${repeats} repeats (least–most).`,
    `Other programs used at most ${Math.round(busiest * 100)} % of one core while something was measured.`,
  ].join('\n');
};

export const renderMarkdown = (results: Results, name: string): string => `# Bench

<!-- Written by \`npm run bench\`. -->

${about(results)}

![Ratios](${name}.svg)

| measure | unit | Synapse | Kintsugi | times better | goal |
|---|---|---:|---:|---:|---|
${names(results)
  .map((each) => row(results, each))
  .join('\n')}

## How cost grows

${growth(results)}
`;
