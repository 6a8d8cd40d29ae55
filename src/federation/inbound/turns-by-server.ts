// Lets some works run at the same time, and of each server fewer: a slow one leaves turns to the others.

import { createTurns, type InTurn } from '../../lib/turns.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';

export interface TurnsByServerOptions {
  readonly totalMax: number;
  readonly perServerMax: number;
}

export type TurnsByServer = <T>(server: ServerName, work: () => Promise<T>) => Promise<T>;

/** Who waits is bounded by whoever asks. */
export const createTurnsByServer = ({ totalMax, perServerMax }: TurnsByServerOptions): TurnsByServer => {
  const turns = (runningMax: number): InTurn => createTurns({ runningMax });
  const inAll = turns(totalMax);
  const servers = new Map<ServerName, { readonly inTurn: InTurn; users: number }>();
  return async (server, work) => {
    const own = servers.get(server) ?? { inTurn: turns(perServerMax), users: 0 };
    servers.set(server, own);
    own.users += 1;
    try {
      return await own.inTurn(() => inAll(work));
    } finally {
      own.users -= 1;
      if (own.users === 0) servers.delete(server);
    }
  };
};
