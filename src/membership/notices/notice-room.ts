// The room in which the server's operators speak to one user. Client-Server API, "Server Notices".

import type { RoomId, UserId } from '../../protocol/ids/branded.ts';
import { noticeRoomOf, setNoticeRoom } from '../../storage/stores/server-notices.ts';
import { createRoom } from '../creation/create-room.ts';
import type { CreationRequest } from '../creation/creation-request.ts';
import type { Actor, MembershipDeps } from '../deps.ts';
import { inviteUser } from '../invite-user.ts';
import type { NoticesConfig } from './notice-author.ts';

/** What only the account that made the room reaches. */
const OFFICIAL = 100;

type Recipient = Pick<Actor, 'user' | 'userId'>;

const request = ({ roomName, avatarUrl }: NoticesConfig, target: UserId): CreationRequest => ({
  isPublic: false,
  preset: 'private_chat',
  name: roomName,
  invite: [target],
  isDirect: false,
  // Nobody else has business there.
  creationContent: { 'm.federate': false },
  initialState: avatarUrl === undefined ? [] : [{ type: 'm.room.avatar', stateKey: '', content: { url: avatarUrl } }],
  powerLevels: { events_default: OFFICIAL, state_default: OFFICIAL, invite: OFFICIAL, kick: OFFICIAL, ban: OFFICIAL },
});

/**
 * The user's room, made when there is none: "Servers should invite the target user rather than automatically join them".
 * Whoever left it is invited again. One call at a time for each user. Throws what inviting throws.
 */
export const noticeRoomFor = async (deps: MembershipDeps, author: Actor, target: Recipient): Promise<RoomId> => {
  const { user, userId } = target;
  const roomId = await deps.db.read((tx) => noticeRoomOf(tx, user));
  const view = roomId && (await deps.rooms.view(roomId));
  if (roomId && view && (await view.membershipOf(author.userId)) === 'join') {
    const membership = await view.membershipOf(userId);
    const isThere = membership === 'join' || membership === 'invite';
    if (!isThere) await inviteUser(deps, author, { roomId, target: userId, content: {} });
    return roomId;
  }
  const room = await createRoom(deps, author, request(deps.serverNotices, userId));
  await deps.db.write(setNoticeRoom, { user, room: room.nid });
  return room.roomId;
};
