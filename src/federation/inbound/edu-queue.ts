// EDUs of transactions, those of one server in the order they came.

import { keyedLock } from '../../lib/keyed-lock.ts';
import type { Log } from '../../lib/log.ts';
import { createTurns } from '../../lib/turns.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { IncomingEdus } from '../edus/incoming.ts';
import type { PendingWork } from './backlog.ts';

export interface EduQueueDeps {
  readonly edus: IncomingEdus;
  readonly log: Log;
  readonly onDone: (work: PendingWork, isKept: boolean) => void;
}

const SERVERS_AT_ONCE = 32;

export const createEduQueue = ({ edus, log, onDone }: EduQueueDeps) => {
  const lock = keyedLock<ServerName>();
  const inTurn = createTurns({ runningMax: SERVERS_AT_ONCE });
  const take = async (work: PendingWork, given: readonly JsonObject[]): Promise<void> => {
    const { origin } = work;
    let isKept = false;
    try {
      await lock.run(origin, () => inTurn(() => edus.receive(origin, given)));
    } catch (err) {
      isKept = true;
      log.error({ err, source: origin, edus: given.length }, 'EDUs could not be taken.');
    }
    onDone(work, isKept);
  };
  const taking = new Set<Promise<void>>();
  return {
    push(work: PendingWork, given: readonly JsonObject[]): void {
      const taken = take(work, given).finally(() => taking.delete(taken));
      taking.add(taken);
    },
    /** Resolves when those that were pushed are taken: for the end. */
    async settled(): Promise<void> {
      await Promise.all(taking);
    },
  };
};
