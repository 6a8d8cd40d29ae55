// A room at once: its state and its latest events. Client-Server API, GET /rooms/{roomId}/initialSync (deprecated, but room
// previews begin with it).

import type { RoomId } from '../../protocol/ids/branded.ts';
import { accountDataOf } from '../../storage/stores/account-data.ts';
import { pageMessages } from './page-messages.ts';
import { readState } from './read-state.ts';
import { roomAccess } from './room-access.ts';
import type { Look } from './room-reader.ts';

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

/** With at most `limit` messages. Throws M_FORBIDDEN. */
export const initialSync = async (look: Look, roomId: RoomId, limit: number): Promise<InitialSync> => {
  const { tx, viewer } = look;
  const { room, membership, stored } = await roomAccess(look, roomId);
  const question = { from: undefined, to: undefined, backwards: true, limit, filter: undefined };
  const { page } = await pageMessages(look, roomId, question);
  const data = await accountDataOf(tx, viewer.user, room.nid);
  return {
    membership,
    start: page.end ?? page.start,
    end: page.start,
    messages: page.chunk.toReversed(),
    state: await readState(look, roomId),
    accountData: data.map(({ type, content }) => `{"type":${JSON.stringify(type)},"content":${content}}`),
    isPublished: stored.isPublic,
  };
};
