// The numbers of everything that events name, made before the room's lock is taken, as new names are a write of their own.

import type { UserId } from '../../protocol/ids/branded.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';
import type { NamesWanted } from '../../storage/stores/names.ts';
import type { Engine } from '../rooms.ts';
import type { DraftNids } from '../send/send-events.ts';
import type { IncomingEvent } from './incoming.ts';

export interface InternedEvents {
  /** In the order of the events. */
  readonly nids: readonly DraftNids[];
  readonly users: ReadonlyMap<string, number>;
}

export interface EventNames {
  readonly names: NamesWanted;
  /** In the order of the events; instead of numbers, places in the lists of names. */
  readonly places: readonly DraftNids[];
}

export const internEvents = async (engine: Engine, events: readonly IncomingEvent[]): Promise<InternedEvents> => {
  const { names, places } = namesIn(events);
  const found = await engine.names.intern(names);
  const nids = places.map(({ type, sender, stateKey, target }) => ({
    type: found.types[type]!,
    sender: found.users[sender]!,
    stateKey: stateKey === null ? null : found.stateKeys[stateKey]!,
    target: target === null ? null : found.users[target]!,
  }));
  return { nids, users: new Map(names.users.map((user, index) => [user, found.users[index]!])) };
};

export const namesIn = (events: readonly IncomingEvent[]): EventNames => {
  const users = new Map<UserId, number>();
  const types = new Map<string, number>();
  const stateKeys: (readonly [string, string])[] = [];
  const places = events.map(({ event }) => {
    const target = targetOf(event);
    return {
      type: placeIn(types, event.type),
      sender: placeIn(users, event.sender),
      stateKey: event.stateKey === undefined ? null : stateKeys.push([event.type, event.stateKey]) - 1,
      target: target === undefined ? null : placeIn(users, target),
    };
  });
  return { names: { users: [...users.keys()], types: [...types.keys()], stateKeys }, places };
};

/** Where it stands; a new one stands at the end. */
const placeIn = <T>(places: Map<T, number>, name: T): number => {
  const place = places.get(name) ?? places.size;
  places.set(name, place);
  return place;
};

/** The member that an m.room.member event is about; other servers may send any state key. */
const targetOf = ({ type, stateKey }: IncomingEvent['event']): UserId | undefined =>
  type === 'm.room.member' && stateKey !== undefined && isUserId(stateKey, 'historical') ? stateKey : undefined;
