// Who is in a room, and which rooms somebody is in. Client-Server API, /members, /joined_members, /joined_rooms.

import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { eventsByNid, memberEventsAmong, type StoredEvent } from '../../storage/stores/events.ts';
import {
  type JoinedMember,
  joinedMembersAfter,
  type MembershipState,
  memberEventsOfRoom,
} from '../../storage/stores/memberships.ts';
import { beginningOf } from '../../storage/stores/room-history.ts';
import { stateRootAt } from '../../storage/stores/rooms.ts';
import type { RoomRef } from '../room-ref.ts';
import { bytesToHash } from '../state/room-state.ts';
import { allEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { renderEvents } from './render-events.ts';
import { END_OF_TIME, type RoomAccess, roomAccess } from './room-access.ts';
import type { Look, Reading } from './room-reader.ts';

/** Members of a large room who are in memory at once. */
const CHUNK = 1000;

export interface MembersQuestion {
  /** A stream position; undefined: now. */
  readonly at: number | undefined;
  readonly membership: MembershipState | undefined;
  readonly notMembership: MembershipState | undefined;
}

/** The m.room.member events as JSON texts. Throws M_FORBIDDEN. */
export const listMembers = async (look: Look, roomId: RoomId, question: MembersQuestion): Promise<string[]> => {
  const { reading, tx } = look;
  const access = await roomAccess(look, roomId);
  const events = await memberEvents(reading, tx, access, question);
  return renderEvents(look, access.room, events, { brief: true });
};

const memberEvents = async (
  reading: Reading,
  tx: ReadTx,
  access: RoomAccess,
  question: MembersQuestion,
): Promise<StoredEvent[]> => {
  const { at } = question;
  if (at === undefined && access.upTo === END_OF_TIME) {
    const rows = await memberEventsOfRoom(tx, access.room.nid);
    const wanted = rows.filter(({ membership }) => isAskedFor(question, membership));
    return eventsByNid(
      tx,
      wanted.map(({ event }) => event),
    );
  }
  const root = at === undefined ? access.root : await rootAt(tx, access, at);
  if (root === undefined) return [];
  const entries = await allEntries(reading.state.sourceIn(tx), root);
  const members = await memberEventsAmong(tx, [...entries.values()]);
  const memberships = await reading.standings.said(tx, members);
  return eventsByNid(
    tx,
    members.filter((nid) => isAskedFor(question, memberships.get(nid))),
  );
};

/** A point before the room began here, as `prev_batch` of a whole timeline is, stands for its beginning. */
const rootAt = async (tx: ReadTx, access: RoomAccess, at: number): Promise<NodeHash | undefined> => {
  const { nid } = access.room;
  const position = Math.max(Math.min(at, access.upTo), (await beginningOf(tx, nid)) ?? at);
  const root = await stateRootAt(tx, nid, position);
  return root && bytesToHash(root);
};

/** "either the membership is the same as membership or is not the same as not_membership". */
const isAskedFor = ({ membership, notMembership }: MembersQuestion, actual: string | undefined): boolean => {
  if (membership === undefined && notMembership === undefined) return true;
  if (membership !== undefined && actual === membership) return true;
  return notMembership !== undefined && actual !== notMembership;
};

/** The room, if the viewer is in it. Throws M_FORBIDDEN: "the current user must be in the room for it to work". */
export const roomOfMember = async (look: Look, roomId: RoomId): Promise<RoomRef> => {
  const { room, membership } = await roomAccess(look, roomId);
  if (membership !== 'join') throw forbidden('You are not in this room.');
  return room;
};

/** Who is in a room, as parts of a JSON object by user id: each as it stands when the reader has come to it. */
export async function* joinedMembers(db: Database, room: number): AsyncIterable<string> {
  let last: JoinedMember | undefined;
  for (let opening = '{'; ; opening = ',') {
    const page = await db.read((tx) => joinedMembersAfter(tx, room, last, CHUNK));
    if (page.length > 0) yield opening + page.map(joinedMember).join(',');
    last = page.at(-1);
    if (page.length < CHUNK) break;
  }
  yield '}';
}

const joinedMember = ({ userId, content }: JoinedMember): string => {
  const { displayname, avatar_url: avatarUrl } = JSON.parse(content) as JsonObject;
  const profile = {
    ...(typeof displayname === 'string' && { display_name: displayname }),
    ...(typeof avatarUrl === 'string' && { avatar_url: avatarUrl }),
  };
  return `${JSON.stringify(userId)}:${JSON.stringify(profile)}`;
};
