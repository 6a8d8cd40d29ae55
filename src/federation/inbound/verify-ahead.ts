// The events of a room that are to be verified, and one batch of them of which the signatures are checked ahead of its turn.

import type { Clock } from '../../lib/clock.ts';
import type { QueuedEvent, VerifiedEvent } from './verify-batch.ts';

/** Events that are verified, judged and written together. */
export const BATCH_MAX = 200;

/** Between two batches of a room on a busy machine. */
const GETS_ON_MS = 1000;

export interface VerifyAheadDeps {
  readonly verify: (batch: readonly QueuedEvent[]) => Promise<VerifiedEvent[]>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Some events have left the queue. */
  readonly onTaken: () => void;
}

export const createVerifyAhead = ({ verify, clock, onTaken }: VerifyAheadDeps) => {
  let takenAtMs = clock.monotonic();
  const items: QueuedEvent[] = [];
  let ahead: Promise<VerifiedEvent[]> | undefined;

  const begin = (): void => {
    if (items.length > 0) ahead ??= verify(items.splice(0, BATCH_MAX));
  };

  return {
    push(more: readonly QueuedEvent[]): void {
      for (const item of more) items.push(item);
    },
    hasSome: (): boolean => items.length > 0 || ahead !== undefined,
    count: (): number => items.length,
    /** Whether a batch was taken lately. */
    getsOn: (): boolean => clock.monotonic() - takenAtMs < GETS_ON_MS,
    /** The oldest batch; when it is returned the next one is begun. */
    async take(): Promise<VerifiedEvent[]> {
      begin();
      const verified = (await ahead) ?? [];
      ahead = undefined;
      begin();
      takenAtMs = clock.monotonic();
      onTaken();
      return verified;
    },
    /** Resolves when no signatures are checked: for the end. */
    async settled(): Promise<void> {
      await ahead;
    },
  };
};
