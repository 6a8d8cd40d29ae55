// Sends this server's events and EDUs to the servers that are to have them: a consumer of the stream with a cursor for each
// server that is behind. Server-Server API, "Transactions".

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import { destinationCursors, moveOutbound, OUTBOUND } from '../../storage/stores/outgoing-events.ts';
import { streamCursor } from '../../storage/stores/stream-cursors.ts';
import type { Stream } from '../../stream/stream.ts';
import type { OutgoingEdus } from '../edus/outgoing.ts';
import { createOutgoingEvents } from './address-events.ts';
import { createCatchUp } from './catch-up.ts';
import { createComposer } from './compose-transaction.ts';
import { Cursors } from './cursors.ts';
import type { Transport } from './deliver.ts';
import { type Destination, setBehind } from './destination.ts';
import { Dispatch } from './dispatch.ts';
import { registerOutboundMetrics } from './outbound-metrics.ts';
import type { RoomServers } from './room-servers.ts';
import { Sender } from './sender.ts';

export interface OutboundDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly stream: Stream;
  readonly serverName: ServerName;
  readonly transport: Transport;
  readonly roomServers: RoomServers;
  readonly edus: OutgoingEdus;
  /** How long transactions that are under way may take at the end. */
  readonly shutdownGraceMs: number;
}

export const createOutbound = (deps: OutboundDeps) => {
  const { db, clock, log, stream, serverName, transport, roomServers, edus } = deps;
  const destinations = new Map<ServerName, Destination>();
  const cursors = new Cursors({ db, clock, log, destinations });
  const outgoing = createOutgoingEvents({ db, clock, log, serverName, roomServers });
  const catchUp = createCatchUp({ db, outgoing });
  const compose = createComposer({ clock, edus, catchUp, saved: (position) => cursors.saved(position) });
  const sender = new Sender({ clock, log, serverName, transport, edus, destinations, cursors, compose });
  const dispatch = new Dispatch({ db, clock, log, stream, serverName, edus, outgoing, cursors, sender });
  registerOutboundMetrics(deps.metrics, sender, clock);
  let isStarted = false;

  return {
    /** Takes up what was left at the last end, and follows the stream from there. */
    async start(): Promise<void> {
      const found = await db.read(async (tx) => ({
        position: await streamCursor(tx, OUTBOUND),
        rows: await destinationCursors(tx),
      }));
      const position = found.position ?? db.headAtOpen;
      // What comes after this is sent, be it after a crash before anything was.
      if (found.position === undefined) {
        await db.write(moveOutbound, { position, behind: [], caughtUp: [], events: [], prunes: false });
      }
      cursors.restore(position, found.rows);
      for (const row of found.rows) {
        const destination = sender.destinationOf(row.destination);
        if (!destination) continue;
        setBehind(destination, row.position, position);
        sender.wake(destination);
      }
      isStarted = true;
      dispatch.start();
    },
    /** How far a server is behind; undefined: it has everything. */
    behindOf(server: ServerName): { readonly sinceTs: number; readonly pendingEvents: number } | undefined {
      const destination = destinations.get(server);
      return destination && { sinceTs: destination.sinceTs, pendingEvents: destination.pending.length };
    },
    /** Resolves once it is on disk who has what. */
    flush: (): Promise<void> => cursors.write(),

    async [Symbol.asyncDispose](): Promise<void> {
      if (!isStarted) return;
      await dispatch[Symbol.asyncDispose]();
      await sender.close(deps.shutdownGraceMs);
      await cursors.write();
      cursors.close();
    },
  };
};

export type FederationOutbound = ReturnType<typeof createOutbound>;

/** Where no EDUs are sent. */
export const noEdus: OutgoingEdus = {
  destinationsOf: async (_after, upTo) => ({ destinations: new Set<ServerName>(), upTo }),
  pendingEdus: async (_destination, _after, upTo) => ({ edus: [], upTo }),
  acknowledge: async () => undefined,
  onEphemeral: () => undefined,
};
