// `presence` of an answer.

import type { Ephemeral } from '../../ephemeral/ephemeral.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventFilter } from '../../protocol/filters/event-filter.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { findUsers } from '../../storage/stores/names.ts';

export interface PresenceWanted {
  readonly viewer: number;
  /** Version of Ephemeral; undefined: everybody's who is not offline. */
  readonly since: number | undefined;
  /** Rooms that the viewer is new in: their members are told of, whatever changed. */
  readonly newRooms: readonly number[];
  /** Users who may be new to the viewer: the same. */
  readonly newUsers: readonly UserId[];
}

/** Texts of m.presence events. */
export const presenceTexts = async (
  { presence }: Ephemeral,
  tx: ReadTx,
  filter: EventFilter,
  { viewer, since, newRooms, newUsers }: PresenceWanted,
): Promise<string[]> => {
  if (!presence.isEnabled) return [];
  const bySender = new Map<string, JsonObject>();
  const add = (event: JsonObject): void => void bySender.set(event.sender as string, event);
  for (const event of newRooms.length === 0 ? [] : await presence.presenceIn(tx, newRooms)) add(event);
  for (const [sender, user] of newUsers.length === 0 ? [] : await findUsers(tx, newUsers)) {
    const content = presence.contentOf(user);
    if (content) add({ type: 'm.presence', sender, content });
  }
  for (const event of await presence.presenceSince(tx, viewer, since)) add(event);
  return [...bySender.values()].filter((event) => passes(filter, event)).map((event) => JSON.stringify(event));
};

const passes = (filter: EventFilter, { type, sender, content }: JsonObject): boolean =>
  filter.matches({ type: type as string, sender: sender as string, content: content as JsonObject });
