// The events of a room that are to be verified, and one batch of them of which the signatures are checked ahead of its turn.

import type { QueuedEvent, VerifiedEvent } from './verify-batch.ts';

/** Events that are verified, judged and written together. */
export const BATCH_MAX = 200;

export const createVerifyAhead = (verify: (batch: readonly QueuedEvent[]) => Promise<VerifiedEvent[]>) => {
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
    /** The oldest batch; when it is returned the next one is begun. */
    async take(): Promise<VerifiedEvent[]> {
      begin();
      const verified = (await ahead) ?? [];
      ahead = undefined;
      begin();
      return verified;
    },
    /** Resolves when no signatures are checked: for the end. */
    async settled(): Promise<void> {
      await ahead;
    },
  };
};
