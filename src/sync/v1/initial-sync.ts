// Everything that old clients begin with, room by room. Client-Server API, GET /initialSync (deprecated).

import type { Ephemeral } from '../../ephemeral/ephemeral.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import { noFilter } from '../../protocol/filters/parse-filter.ts';
import type { RoomReads } from '../../rooms/read/room-reads.ts';
import type { Database } from '../../storage/database.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import { syncTokenText } from '../sync-token.ts';
import type { UserRoom } from '../user-rooms.ts';
import { ownAccountData } from '../v2/own-account-data.ts';
import { presenceTexts } from '../v2/presence-part.ts';
import type { Moment, SyncViewer } from '../v2/request.ts';

export interface InitialSyncDeps {
  readonly db: Database;
  readonly ephemeral: Ephemeral;
  readonly roomReads: Pick<RoomReads, 'reader' | 'initialSync'>;
}

export interface InitialSyncQuestion {
  readonly viewer: SyncViewer;
  /** Messages of each room. */
  readonly limit: number;
  /** With rooms that the user has left. */
  readonly archived: boolean;
  readonly signal: AbortSignal;
}

/** The answer's text, part by part. */
export async function* initialSync(
  deps: InitialSyncDeps,
  { viewer, limit, archived, signal }: InitialSyncQuestion,
  { now, ephemeral }: Moment,
  rooms: readonly UserRoom[],
): AsyncGenerator<string> {
  const { data, presence } = await deps.db.read(async (tx) => ({
    data: await ownAccountData(tx, viewer, { since: undefined, now }, noFilter.accountData),
    presence: await presenceTexts(deps.ephemeral, tx, noFilter.presence, {
      viewer: viewer.user,
      since: undefined,
      newRooms: [],
      newUsers: [],
    }),
  }));
  const end = JSON.stringify(syncTokenText({ position: now, ephemeral, toDevice: now }));
  yield `{"account_data":[${data.global.join(',')}],"end":${end},"presence":[${presence.join(',')}],"rooms":[`;
  let separator = '';
  for (const room of rooms) {
    signal.throwIfAborted();
    const text = await roomText(deps, viewer, room, limit, archived);
    if (text === undefined) continue;
    yield `${separator}${text}`;
    separator = ',';
  }
  yield ']}';
}

const roomText = async (
  deps: InitialSyncDeps,
  viewer: SyncViewer,
  room: UserRoom,
  limit: number,
  archived: boolean,
): Promise<string | undefined> => {
  const id = `"membership":${JSON.stringify(room.membership)},"room_id":${JSON.stringify(room.roomId)}`;
  if (room.membership === 'invite') return `{"invite":${await ownMember(deps, viewer, room)},${id}}`;
  if (room.membership !== 'join' && !archived) return undefined;
  // Who forgot the room, or was never in it, may not look into it.
  const found = await deps.roomReads.initialSync(room.roomId, limit, viewer).catch(unlessForbidden);
  if (!found) return undefined;
  const messages = `"chunk":[${found.messages.join(',')}],"end":"${found.end}","start":"${found.start}"`;
  const parts = [
    `"account_data":[${found.accountData.join(',')}]`,
    id,
    `"messages":{${messages}}`,
    `"state":[${found.state.join(',')}]`,
    `"visibility":"${found.isPublished ? 'public' : 'private'}"`,
  ];
  return `{${parts.join(',')}}`;
};

const unlessForbidden = (error: unknown): undefined => {
  if (!(error instanceof MatrixError && error.status === 403)) throw error;
};

const ownMember = ({ db, roomReads: { reader } }: InitialSyncDeps, viewer: SyncViewer, room: UserRoom) =>
  db.read(async (tx) => {
    const [text] = await reader.render(tx, room, await eventsByNid(tx, [room.event]), viewer);
    return text;
  });
