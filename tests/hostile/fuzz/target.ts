// What is fuzzed: a part of the server that takes what others send, with a judge of what it makes of it.

import { PeerError } from '../../../src/peers/peer-error.ts';
import { MatrixError } from '../../../src/protocol/errors/matrix-error.ts';
import type { SeededRandom } from '../../harness/seeded-random.ts';
import type { FuzzedServer } from './fuzzed-server.ts';

export interface Round {
  readonly server: FuzzedServer;
  readonly random: SeededRandom;
  /** Counts one case and what became of it. */
  count(outcome: string): void;
  /** Something that must not be. `given`: what the server was given. */
  fail(why: string, given: string): void;
}

export interface Target {
  readonly name: string;
  /** Of a hundred rounds. */
  readonly share: number;
  /** Some cases upon a server that lives on. */
  play(round: Round): Promise<void>;
}

/** Counts and passes over the errors that others are told; every other is a crash. */
export const refusal = ({ count, fail }: Round, error: unknown, given: string): undefined => {
  if (error instanceof MatrixError && error.status < 500) count('refused');
  else if (error instanceof PeerError || (error instanceof MatrixError && error.status === 502)) count('not believed');
  else fail(error instanceof Error ? (error.stack ?? error.message) : String(error), given);
  return undefined;
};
