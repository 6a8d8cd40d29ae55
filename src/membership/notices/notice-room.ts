// The room in which the server's operators speak to one user.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { CreationRequest } from '../creation/creation-request.ts';
import type { NoticesConfig } from './server-notices.ts';

/** What only the account that made the room can reach. */
const OFFICIAL = 100;

export const noticeRoomRequest = (
  { roomName, avatarUrl }: Pick<NoticesConfig, 'roomName' | 'avatarUrl'>,
  target: UserId,
): CreationRequest => ({
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
