// A room at once: its state and its latest events. Client-Server API, GET /rooms/{roomId}/initialSync (deprecated, but room
// previews begin with it).

import type { RoomId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { accountDataOf } from '../../storage/stores/account-data.ts';
import { pageMessages } from './page-messages.ts';
import { readState } from './read-state.ts';
import { roomAccess } from './room-access.ts';
import type { Reading, Viewer } from './room-reader.ts';

export interface InitialSync {
  readonly membership: string;
  /** Tokens; start: of what is before the messages. */
  readonly start: string;
  readonly end: string;
  /** JSON texts, oldest first. */
  readonly messages: readonly string[];
  readonly state: readonly string[];
  /** JSON texts of account data events. */
  readonly accountData: readonly string[];
  readonly isPublished: boolean;
}

const MESSAGES = 10;

/** Throws M_FORBIDDEN. */
export const initialSync = async (
  reading: Reading,
  tx: ReadTx,
  roomId: RoomId,
  viewer: Viewer,
): Promise<InitialSync> => {
  const { room, membership, stored } = await roomAccess(reading, tx, roomId, viewer);
  const question = { from: undefined, to: undefined, backwards: true, limit: MESSAGES, filter: undefined };
  const page = await pageMessages(reading, tx, roomId, question, viewer);
  const data = await accountDataOf(tx, viewer.user, room.nid);
  return {
    membership,
    start: page.end ?? page.start,
    end: page.start,
    messages: page.chunk.toReversed(),
    state: await readState(reading, tx, roomId, viewer),
    accountData: data.map(({ type, content }) => `{"type":${JSON.stringify(type)},"content":${content}}`),
    isPublished: stored.isPublic,
  };
};
