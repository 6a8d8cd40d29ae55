// Asks another server on behalf of a gap; what it does wrong is only told in the log.

import type { Log } from '../../../lib/log.ts';
import { PeerError } from '../../../peers/peer-error.ts';
import type { ServerName } from '../../../protocol/ids/branded.ts';
import type { Gap } from './gap.ts';

/** undefined: it did not answer, or not with what was asked for. */
export type Ask = <T>(gap: Gap, server: ServerName, what: string, call: () => Promise<T>) => Promise<T | undefined>;

export const createAsk =
  ({ log }: { readonly log: Log }): Ask =>
  async (gap, server, what, call) => {
    if (gap.signal.aborted) return undefined;
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      if (error.isDown) gap.silent.add(server);
      const { stage, message: reason } = error;
      log.debug({ roomId: gap.roomId, server, what, stage, reason }, 'A server did not give what is missing.');
      return undefined;
    }
  };
