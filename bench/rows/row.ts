// A row of the bench: what is done to a server, and what was measured.

import type { ForeignServers } from '../federation/foreign-server.ts';
import type { World } from '../world.ts';

export interface Measure {
  /** What reports and goals call it. */
  readonly name: string;
  readonly unit: 'per second' | 'ms' | 'CPU ms' | 'CPU µs' | 'MiB' | 'bytes';
  /** One value for each repeat. */
  readonly values: readonly number[];
}

export interface Context {
  readonly world: World;
  /** The other servers, for rows of federation: as many as rows have asked for. */
  readonly foreign: ForeignServers;
  readonly repeats: number;
  /** Adds to the results; further values of the same name and unit are further repeats. */
  record(name: string, unit: Measure['unit'], ...values: number[]): void;
  /** The median of what this run recorded under this name. Throws when nothing was. */
  recorded(name: string): number;
  /** CPU of other programs while something was measured, as a share of one processor. */
  noteForeign(share: number): void;
}

export interface Row {
  readonly name: string;
  /** Rows whose results this one needs. */
  readonly needs?: readonly string[];
  /** A server may go on working for minutes afterwards: no other row runs on it. */
  readonly leavesWork?: true;
  run(context: Context): Promise<void>;
}
