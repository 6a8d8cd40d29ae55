// POST /_matrix/client/v3/createRoom: makes a room with everything it begins with.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { type Static, Type } from '../../../lib/json-schema.ts';
import type { CreationRequest } from '../../../membership/creation/creation-request.ts';
import type { Membership } from '../../../membership/membership.ts';
import { invalidParam, threepidDenied } from '../../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';
import { isUserId } from '../../../protocol/ids/user-id.ts';

const content = Type.Unsafe<JsonObject>(Type.Object({}));

const body = Type.Object({
  visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private')])),
  preset: Type.Optional(
    Type.Union([Type.Literal('private_chat'), Type.Literal('public_chat'), Type.Literal('trusted_private_chat')]),
  ),
  room_alias_name: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  topic: Type.Optional(Type.String()),
  invite: Type.Optional(Type.Array(Type.String(), { maxItems: 1000 })),
  invite_3pid: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 1000 })),
  is_direct: Type.Optional(Type.Boolean()),
  room_version: Type.Optional(Type.String()),
  creation_content: Type.Optional(content),
  initial_state: Type.Optional(
    Type.Array(Type.Object({ type: Type.String(), state_key: Type.Optional(Type.String()), content }), {
      maxItems: 1000,
    }),
  ),
  power_level_content_override: Type.Optional(content),
});

export const createRoom = endpoint({
  route: 'POST /_matrix/client/v3/createRoom',
  also: ['POST /_matrix/client/r0/createRoom'],
  spec: 'client-server-api/#post_matrixclientv3createroom',
  auth: 'user',
  limit: 'create',
  refusesSuspended: true,
  body,
  async handle({ caller, body }, { membership }: { membership: Membership }) {
    const { roomId } = await membership.createRoom(caller, creationRequest(body));
    return { room_id: roomId };
  },
});

const creationRequest = (given: Static<typeof body>): CreationRequest => {
  if (given.invite_3pid && given.invite_3pid.length > 0) {
    throw threepidDenied('This server cannot invite by e-mail address or phone number.');
  }
  return {
    isPublic: given.visibility === 'public',
    preset: given.preset,
    aliasName: given.room_alias_name,
    name: given.name,
    topic: given.topic,
    invite: (given.invite ?? []).map((userId) => {
      if (!isUserId(userId)) throw invalidParam(`invite: ${userId} is not a user ID.`);
      return userId;
    }),
    isDirect: given.is_direct ?? false,
    roomVersion: given.room_version,
    creationContent: given.creation_content ?? {},
    initialState: (given.initial_state ?? []).map((each) => ({
      type: each.type,
      stateKey: each.state_key ?? '',
      content: each.content,
    })),
    powerLevels: given.power_level_content_override ?? {},
  };
};
