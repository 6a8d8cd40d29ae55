// Which state events an event's auth_events are: Server-Server API, "Auth events selection".

import { isJsonObject } from '../events/json.ts';
import type { RoomEvent } from '../events/room-event.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';

export type AuthEventKey = readonly [type: string, stateKey: string];

/** What the selection looks at; drafts have no more than this. */
export type EventDraft = Pick<RoomEvent, 'type' | 'stateKey' | 'sender' | 'content'>;

/** The (type, state key) pairs to select from the state, without duplicates; those not in the state are left out. */
export function authEventKeys(draft: EventDraft, version: RoomVersion): AuthEventKey[] {
  // "The auth_events for the m.room.create event in a room is empty; for other events, it should be the following
  // subset of the room state:"
  if (draft.type === 'm.room.create') return [];
  const keys: AuthEventKey[] = [];
  // "Depending on the room version, the m.room.create event." Since v12: "m.room.create MUST NOT be selected."
  if (!version.roomIdIsCreateHash) keys.push(['m.room.create', '']);
  // "The current m.room.power_levels event, if any."
  keys.push(['m.room.power_levels', '']);
  // "The sender's current m.room.member event, if any."
  keys.push(['m.room.member', draft.sender]);
  // "If type is m.room.member:"
  if (draft.type === 'm.room.member') addMemberKeys(draft, version, keys);
  return keys;
}

function addMemberKeys(draft: EventDraft, version: RoomVersion, keys: AuthEventKey[]): void {
  const { content, stateKey } = draft;
  const { membership } = content;
  // "The target's current m.room.member event, if any."
  if (stateKey !== undefined && stateKey !== draft.sender) keys.push(['m.room.member', stateKey]);
  // "If membership is join, invite or knock, the current m.room.join_rules event, if any."
  if (membership === 'join' || membership === 'invite' || membership === 'knock') keys.push(['m.room.join_rules', '']);
  // "If membership is invite and content contains a third_party_invite property, the current m.room.third_party_invite
  // event with state_key matching content.third_party_invite.signed.token, if any."
  if (membership === 'invite' && isJsonObject(content.third_party_invite)) {
    const { signed } = content.third_party_invite;
    if (isJsonObject(signed) && typeof signed.token === 'string')
      keys.push(['m.room.third_party_invite', signed.token]);
  }
  // "If membership is join, content.join_authorised_via_users_server is present, and the room version supports
  // restricted rooms, then the m.room.member event with state_key matching content.join_authorised_via_users_server."
  const authoriser = content.join_authorised_via_users_server;
  if (membership === 'join' && version.allowRestrictedJoins && typeof authoriser === 'string') {
    if (authoriser !== stateKey && authoriser !== draft.sender) keys.push(['m.room.member', authoriser]);
  }
}
