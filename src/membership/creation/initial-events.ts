// A new room's events after m.room.create, in the specification's order. Client-Server API, "POST /createRoom".

import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomAlias, UserId } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import type { Draft } from '../../rooms/send/draft.ts';
import { type CreationRequest, type InitialState, type Preset, presetOf } from './creation-request.ts';
import { initialPowerLevels } from './initial-power-levels.ts';

export interface InitialParts {
  readonly request: CreationRequest;
  readonly version: RoomVersion;
  readonly creator: UserId;
  /** The creator's member event. */
  readonly creatorContent: JsonObject;
  readonly alias: RoomAlias | undefined;
  /** Member events of those who are invited. */
  readonly invitees: ReadonlyMap<UserId, JsonObject>;
}

const presets: Readonly<Record<Preset, { joinRule: string; guestAccess: string }>> = {
  private_chat: { joinRule: 'invite', guestAccess: 'can_join' },
  trusted_private_chat: { joinRule: 'invite', guestAccess: 'can_join' },
  public_chat: { joinRule: 'public', guestAccess: 'forbidden' },
};

export const initialEvents = (parts: InitialParts): Draft[] => {
  const { request, creator, version } = parts;
  const state = (type: string, content: JsonObject, stateKey = ''): Draft => ({
    type,
    stateKey,
    sender: creator,
    content,
  });
  const { joinRule, guestAccess } = presets[presetOf(request)];
  const fromPreset: InitialState[] = [
    { type: 'm.room.join_rules', stateKey: '', content: { join_rule: joinRule } },
    { type: 'm.room.history_visibility', stateKey: '', content: { history_visibility: 'shared' } },
    // Guests are not let into a room without the event: one less in each public room.
    ...(guestAccess === 'forbidden'
      ? []
      : [{ type: 'm.room.guest_access', stateKey: '', content: { guest_access: guestAccess } }]),
  ];
  const fromName: InitialState[] = [];
  const { name, topic } = request;
  if (name !== undefined) fromName.push({ type: 'm.room.name', stateKey: '', content: { name } });
  if (topic !== undefined) fromName.push({ type: 'm.room.topic', stateKey: '', content: topicContent(topic) });
  return [
    state('m.room.member', parts.creatorContent, creator),
    state('m.room.power_levels', initialPowerLevels(request, creator, version)),
    ...(parts.alias === undefined ? [] : [state('m.room.canonical_alias', { alias: parts.alias })]),
    ...lastOfEach([...fromPreset, ...request.initialState, ...fromName]).map((each) =>
      state(each.type, each.content, each.stateKey),
    ),
    ...[...parts.invitees].map(([userId, content]) => state('m.room.member', content, userId)),
  ];
};

/** "an m.room.topic event with a text/plain mimetype": the plain text, and the same as the one representation. */
const topicContent = (topic: string): JsonObject => ({ topic, 'm.topic': { 'm.text': [{ body: topic }] } });

/** What a later event overrides is not sent at all. */
const lastOfEach = (events: readonly InitialState[]): InitialState[] => {
  const last = new Map(events.map((event) => [JSON.stringify([event.type, event.stateKey]), event]));
  return events.filter((event) => last.get(JSON.stringify([event.type, event.stateKey])) === event);
};
