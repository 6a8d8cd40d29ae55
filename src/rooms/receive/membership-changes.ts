// Which memberships a batch changes: those of the members who differ between the room's state before it and after it.

import { slicesOf } from '../../lib/slices-of.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';
import { memberEventsAmong } from '../../storage/stores/memberships.ts';
import { findUsers } from '../../storage/stores/names.ts';
import type { MembershipRow } from '../../storage/stores/persist.ts';
import type { Engine } from '../rooms.ts';
import { diffTrees, type EntryDifference } from '../state-tree/diff-trees.ts';
import { allEntries, getEntries } from '../state-tree/read-entries.ts';
import type { Batch } from './batch.ts';

/** Members are loaded in chunks of this many: a room that is entered has all of them. */
const CHUNK = 1000;

/** Every m.room.member of the current state that is another than before, be it by resolution. */
export const membershipChanges = async (batch: Batch): Promise<MembershipRow[]> => {
  const { engine, room, head } = batch;
  const differences = await diffTrees(engine.state.source, room.head.stateRoot, head.stateRoot);
  const rows: MembershipRow[] = [];
  for (const some of slicesOf(differences, CHUNK)) rows.push(...(await membersAmong(batch, some)));
  return rows;
};

/** Those of members alone who were in the state before: where it becomes whole, all others are written later. */
export const changesOfKnown = async ({ engine, room, head }: Batch): Promise<MembershipRow[]> => {
  const { source } = engine.state;
  const before = await allEntries(source, room.head.stateRoot);
  const after = await getEntries(source, head.stateRoot, [...before.keys()]);
  const differences: EntryDifference[] = [];
  for (const [key, event] of before) {
    if (after.get(key) !== event) differences.push({ key, before: event, after: after.get(key) });
  }
  return storedMembers(engine, differences);
};

const membersAmong = async (batch: Batch, differences: readonly EntryDifference[]): Promise<MembershipRow[]> => {
  const { engine, room, users } = batch;
  const nids = differences.map(({ before, after }) => (after ?? before)!);
  const told = nids.flatMap((nid) => batch.told.get(nid) ?? []);
  const events = told.length === nids.length ? told : await engine.state.eventsOf(room, nids);
  const members = differences.flatMap((difference, index) => {
    const event = events[index]!;
    return event.type === 'm.room.member' && event.stateKey !== undefined ? [{ ...difference, event }] : [];
  });
  const named = members.flatMap(({ event }) => [event.stateKey as UserId, event.sender]);
  const unknown = named.filter((user) => !users.has(user) && isUserId(user, 'historical'));
  const found = unknown.length === 0 ? [] : await engine.db.read((tx) => findUsers(tx, [...new Set(unknown)]));
  const others = new Map<string, number>(found);
  const nidOf = (user: string): number | undefined => users.get(user) ?? others.get(user);
  return members.flatMap(({ event, before, after }) => {
    const user = nidOf(event.stateKey!);
    const sender = nidOf(event.sender);
    if (user === undefined || sender === undefined) return [];
    // Who is in the state no more has left.
    const { membership: said } = event.content;
    const membership = after === undefined || typeof said !== 'string' ? 'leave' : said;
    const isLocal = serverOf(event.stateKey as UserId) === engine.serverName;
    return [{ user, membership, event: (after ?? before)!, sender, isLocal }];
  });
};

/** Of events that are all stored: memory is not filled with what nobody asks for. */
export const storedMembers = async (
  engine: Engine,
  differences: readonly EntryDifference[],
): Promise<MembershipRow[]> => {
  const events = differences.map(({ before, after }) => (after ?? before)!);
  const left = new Set(differences.flatMap(({ before, after }) => (after === undefined ? [before!] : [])));
  const members = await engine.db.read((tx) => memberEventsAmong(tx, events));
  return members.map(({ event, sender, user, userId, content }) => {
    const { membership: said } = JSON.parse(content) as { readonly membership?: unknown };
    const membership = left.has(event) || typeof said !== 'string' ? 'leave' : said;
    return { user, membership, event, sender, isLocal: serverOf(userId) === engine.serverName };
  });
};
