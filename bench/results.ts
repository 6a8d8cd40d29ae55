// The results of a run as they are stored in bench/results, and how they are read.

import { cpus, totalmem } from 'node:os';
import { median } from './load/statistics.ts';
import type { Measure } from './rows/row.ts';
import type { ServerKind } from './servers/server-kind.ts';
import type { Sizes } from './sizes.ts';

export interface ServerResults {
  readonly server: ServerKind['name'];
  readonly version: string;
  readonly tookSeconds: number;
  /** The busiest that other programs were while something was measured, as a share of one processor. */
  readonly foreignShareMax: number;
  readonly measures: readonly Measure[];
}

export interface Results {
  readonly startedAt: string;
  readonly machine: { readonly processor: string; readonly cores: number; readonly memoryGib: number };
  readonly node: string;
  readonly repeats: number;
  readonly sizes: Sizes;
  readonly servers: readonly ServerResults[];
}

export const emptyResults = (sizes: Sizes, repeats: number): Results => {
  const processors = cpus();
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  return {
    startedAt: new Date().toISOString(),
    machine: { processor: processors[0]?.model ?? 'unknown', cores: processors.length, memoryGib },
    node: process.version,
    repeats,
    sizes,
    servers: [],
  };
};

export const measureOf = (results: Results, server: ServerKind['name'], name: string): Measure | undefined =>
  results.servers.find((each) => each.server === server)?.measures.find((measure) => measure.name === name);

export const medianOf = (results: Results, server: ServerKind['name'], name: string): number | undefined => {
  const measure = measureOf(results, server, name);
  return measure && median(measure.values);
};

/** How many times better the first is, by the unit: more per second, or less of anything else. */
export const ratioOf = (unit: Measure['unit'], ours: number, theirs: number): number =>
  unit === 'per second' ? ours / theirs : theirs / ours;

/** Measures at several sizes are named `what @size`. */
export const splitName = (name: string): { what: string; size: number | undefined } => {
  const [what, size] = name.split(' @');
  return { what: what ?? name, size: size === undefined ? undefined : Number(size) };
};
