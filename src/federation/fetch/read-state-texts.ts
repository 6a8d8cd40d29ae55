// Reads the state of a room of any size as it comes. Server-Server API, "GET /_matrix/federation/v1/state/{roomId}".

import { asPeerError } from '../../peers/calls/exchange.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { createListReader } from './list-reader.ts';

/** As many events as state_ids may name, some of them twice. */
const SIZE_BYTES_MAX = 512 * 1024 * 1024;
/** An event in its canonical form, with room for `unsigned` and for spaces. */
const EVENT_SIZE_BYTES_MAX = 200_000;

export interface StateQuestion {
  readonly roomId: RoomId;
  /** The state before this event. */
  readonly eventId: EventId;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** The JSON texts of state and auth chain in the server's order. Throws PeerError. */
export async function* readStateTexts(
  peers: Pick<Peers, 'stream'>,
  server: ServerName,
  { roomId, eventId, timeoutMs, signal }: StateQuestion,
): AsyncGenerator<readonly string[]> {
  const answer = await peers.stream({
    destination: server,
    method: 'GET',
    path: `/_matrix/federation/v1/state/${encodeURIComponent(roomId)}`,
    query: { event_id: eventId },
    timeoutMs,
    responseSizeBytesMax: SIZE_BYTES_MAX,
    ...(signal && { signal }),
  });
  const reader = createListReader({
    lists: ['pdus', 'auth_chain'],
    elementSizeBytesMax: EVENT_SIZE_BYTES_MAX,
    fail: (why) => new PeerError(server, 'http', `its answer cannot be read: ${why}`),
  });
  try {
    for await (const bytes of answer.body) yield reader.push(bytes as Buffer);
  } catch (error) {
    throw asPeerError(server, error);
  }
  reader.end();
}
