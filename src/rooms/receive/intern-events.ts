// The numbers of everything that events name, made before the room's lock is taken, as new names are a write of their own.

import type { UserId } from '../../protocol/ids/branded.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';
import type { Names } from '../names.ts';
import type { Engine } from '../rooms.ts';
import type { DraftNids } from '../send/send-events.ts';
import type { IncomingEvent } from './incoming.ts';

export interface InternedEvents {
  /** In the order of the events. */
  readonly nids: readonly DraftNids[];
  readonly users: ReadonlyMap<string, number>;
}

export const internEvents = async (
  engine: Engine,
  events: readonly IncomingEvent[],
  options?: Parameters<Names['intern']>[1],
): Promise<InternedEvents> => {
  const users = new Set<UserId>();
  const types = new Set<string>();
  const stateKeys: (readonly [string, string])[] = [];
  for (const { event } of events) {
    users.add(event.sender);
    types.add(event.type);
    if (event.stateKey === undefined) continue;
    stateKeys.push([event.type, event.stateKey]);
    const target = targetOf(event);
    if (target !== undefined) users.add(target);
  }
  const wanted = { users: [...users], types: [...types], stateKeys };
  const found = await engine.names.intern(wanted, options);
  const userNids = new Map(wanted.users.map((user, index) => [user as string, found.users[index]!]));
  const typeNids = new Map(wanted.types.map((type, index) => [type, found.types[index]!]));
  let state = 0;
  const nids = events.map(({ event }) => ({
    type: typeNids.get(event.type)!,
    sender: userNids.get(event.sender)!,
    stateKey: event.stateKey === undefined ? null : found.stateKeys[state++]!,
    target: userNids.get(targetOf(event) ?? '') ?? null,
  }));
  return { nids, users: userNids };
};

/** The member that an m.room.member event is about; other servers may send any state key. */
const targetOf = ({ type, stateKey }: IncomingEvent['event']): UserId | undefined =>
  type === 'm.room.member' && stateKey !== undefined && isUserId(stateKey, 'historical') ? stateKey : undefined;
