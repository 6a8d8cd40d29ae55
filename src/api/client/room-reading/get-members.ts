// GET /_matrix/client/v3/rooms/{roomId}/members: the m.room.member events of a room.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalEnum, roomIdParam } from '../../../http/inbound/params.ts';
import { optionalPosition } from '../../../rooms/read/position-token.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { arrayText, objectText } from './json-texts.ts';
import { viewerOf } from './viewer.ts';

const membershipParam = optionalEnum('join', 'invite', 'knock', 'leave', 'ban');

export const getMembers = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/members',
  also: ['GET /_matrix/client/r0/rooms/{roomId}/members'],
  spec: 'client-server-api/#get_matrixclientv3roomsroomidmembers',
  auth: 'guest',
  limit: 'read',
  params: { roomId: roomIdParam },
  query: { at: optionalPosition, membership: membershipParam, not_membership: membershipParam },
  async handle({ caller, params, query }, { roomReads }: { roomReads: RoomReads }) {
    const { at, membership, not_membership: notMembership } = query;
    const members = await roomReads.members(params.roomId, { at, membership, notMembership }, viewerOf(caller));
    return jsonText(objectText({ chunk: arrayText(members) }));
  },
});
