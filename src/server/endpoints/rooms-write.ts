// Endpoints that write rooms: creation, membership, sending, aliases, directory, upgrades, reports.

import { deleteAlias } from '../../api/client/aliases/delete-alias.ts';
import { getAlias } from '../../api/client/aliases/get-alias.ts';
import { getRoomAliases } from '../../api/client/aliases/get-room-aliases.ts';
import { putAlias } from '../../api/client/aliases/put-alias.ts';
import { getPublicRooms } from '../../api/client/directory/get-public-rooms.ts';
import { getVisibility } from '../../api/client/directory/get-visibility.ts';
import { putVisibility } from '../../api/client/directory/put-visibility.ts';
import { searchPublicRooms } from '../../api/client/directory/search-public-rooms.ts';
import { banUser } from '../../api/client/membership/ban-user.ts';
import { forgetRoom } from '../../api/client/membership/forget-room.ts';
import { inviteUser } from '../../api/client/membership/invite-user.ts';
import { joinRoom } from '../../api/client/membership/join-room.ts';
import { joinRoomOrAlias } from '../../api/client/membership/join-room-or-alias.ts';
import { kickUser } from '../../api/client/membership/kick-user.ts';
import { knockOnRoom } from '../../api/client/membership/knock-on-room.ts';
import { leaveRoom } from '../../api/client/membership/leave-room.ts';
import { unbanUser } from '../../api/client/membership/unban-user.ts';
import { redactEvent } from '../../api/client/redaction/redact-event.ts';
import { reportEvent } from '../../api/client/reporting/report-event.ts';
import { reportRoom } from '../../api/client/reporting/report-room.ts';
import { reportUser } from '../../api/client/reporting/report-user.ts';
import { createRoom } from '../../api/client/room-creation/create-room.ts';
import { putState } from '../../api/client/room-state-writing/put-state.ts';
import { sendMessage } from '../../api/client/sending/send-message.ts';
import { upgradeRoom } from '../../api/client/upgrades/upgrade-room.ts';

const membership = [
  joinRoom,
  joinRoomOrAlias,
  knockOnRoom,
  inviteUser,
  leaveRoom,
  forgetRoom,
  kickUser,
  banUser,
  unbanUser,
];
const aliases = [putAlias, getAlias, deleteAlias, getRoomAliases];
const directory = [getVisibility, putVisibility, getPublicRooms, searchPublicRooms];
const sending = [sendMessage, putState, redactEvent];
const reports = [reportRoom, reportEvent, reportUser];

export const roomsWriteEndpoints = [
  createRoom,
  upgradeRoom,
  ...membership,
  ...sending,
  ...aliases,
  ...directory,
  ...reports,
];
