// The published rooms of another server. Server-Server API, "Public Room Directory".

import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import { forbidden, remoteFailure } from '../../protocol/errors/matrix-error.ts';
import { isJsonObject, type JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { PublicRoomsQuery } from '../../rooms/directory/public-rooms.ts';

const TIMEOUT_MS = 20_000;
const PAGE_SIZE_BYTES_MAX = 4 * 1024 * 1024;
const PATH = '/_matrix/federation/v1/publicRooms';

const requestOf = ({ limit, since, searchTerm, roomTypes }: PublicRoomsQuery) => {
  if (searchTerm === undefined && roomTypes === undefined) return { method: 'GET', query: { limit, since } } as const;
  const filter = {
    ...(searchTerm !== undefined && { generic_search_term: searchTerm }),
    ...(roomTypes !== undefined && { room_types: [...roomTypes] }),
  };
  return { method: 'POST', body: { limit, ...(since !== undefined && { since }), filter } } as const;
};

/** Their page as they gave it. Throws M_FORBIDDEN when they refuse, and 502 when they do not answer. */
export const remotePublicRooms = async (
  peers: Pick<Peers, 'call'>,
  server: ServerName,
  question: PublicRoomsQuery,
): Promise<JsonObject> => {
  const bounds = { timeoutMs: TIMEOUT_MS, responseSizeBytesMax: PAGE_SIZE_BYTES_MAX, ignoresBackOff: true };
  try {
    const page = (await peers.call({ destination: server, path: PATH, ...requestOf(question), ...bounds })).json();
    if (!Array.isArray(page.chunk)) throw new PeerError(server, 'application', 'its answer has no list of rooms');
    return { ...page, chunk: page.chunk.filter(isRoom) };
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    const why = `${server} did not give its directory: ${error.message}`;
    throw error.status === 403 ? forbidden(why, { cause: error }) : remoteFailure(why, { cause: error });
  }
};

/** What clients rely on. */
const isRoom = (entry: unknown): boolean =>
  isJsonObject(entry as JsonObject) &&
  typeof (entry as JsonObject).room_id === 'string' &&
  Number.isSafeInteger((entry as JsonObject).num_joined_members);
