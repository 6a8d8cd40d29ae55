// Runs the rows on one server, from its first start to its end.

import { ForeignServers } from './federation/foreign-server.ts';
import { median } from './load/statistics.ts';
import type { ServerResults } from './results.ts';
import type { Context, Measure, Row } from './rows/row.ts';
import { RunningServer } from './servers/running-server.ts';
import type { ServerKind } from './servers/server-kind.ts';
import type { Sizes } from './sizes.ts';
import { World } from './world.ts';

/** No row takes longer, however slow the server is. */
const ROW_TIMEOUT_MS = 20 * 60_000;

const inTime = async (name: string, work: Promise<void>): Promise<void> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`the row ${name} took too long`)), ROW_TIMEOUT_MS);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
};

const describe = ({ name, unit, values }: Measure): string =>
  `  ${name.padEnd(40)} ${median(values).toPrecision(4).padStart(9)} ${unit}`;

/** Rows after which a server goes on working get one of their own. */
const groupsOf = (rows: readonly Row[]): readonly (readonly Row[])[] => {
  const others = rows.filter(({ leavesWork }) => !leavesWork);
  const alone = rows.filter(({ leavesWork }) => leavesWork).map((row) => [row]);
  return others.length === 0 ? alone : [...alone, others];
};

export const measureServer = async (
  kind: ServerKind,
  rows: readonly Row[],
  { sizes, repeats, federates }: { sizes: Sizes; repeats: number; federates: boolean },
): Promise<ServerResults> => {
  const version = await kind.prepare();
  console.log(`${kind.name} ${version}`);
  const startedAt = performance.now();
  const measures = new Map<string, { name: string; unit: Measure['unit']; values: number[] }>();
  let foreignShareMax = 0;
  const ledger: Pick<Context, 'record' | 'recorded' | 'noteForeign'> = {
    record(name, unit, ...values) {
      const measure = measures.get(name) ?? { name, unit, values: [] };
      measure.values.push(...values);
      measures.set(name, measure);
    },
    recorded(name) {
      const measure = measures.get(name);
      if (!measure) throw new Error(`${name} was not measured`);
      return median(measure.values);
    },
    noteForeign(share) {
      foreignShareMax = Math.max(foreignShareMax, share);
    },
  };
  for (const group of groupsOf(rows)) {
    await using server = await RunningServer.configured(kind, { federates });
    await using foreign = await ForeignServers.started(0);
    ledger.record('first start', 'ms', await server.start());
    const context: Context = { world: new World(server, sizes), foreign, repeats, ...ledger };
    for (const row of group) {
      const known = measures.size;
      await inTime(row.name, row.run(context));
      for (const measure of [...measures.values()].slice(known)) console.log(describe(measure));
    }
  }
  const tookSeconds = Math.round((performance.now() - startedAt) / 1000);
  return { server: kind.name, version, tookSeconds, foreignShareMax, measures: [...measures.values()] };
};
