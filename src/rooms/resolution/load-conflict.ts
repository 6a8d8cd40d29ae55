// Loads what a resolution looks at: the keys on which the states differ, the auth chains of what stands there as far as the
// states do not have them in common, and what the rules ask of the common state.

import { present } from '../../lib/assert.ts';
import { authEventKeys } from '../../protocol/auth-rules/auth-event-keys.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { authDifference } from '../../protocol/state-resolution/auth-chain.ts';
import type { ResolutionInput } from '../../protocol/state-resolution/resolution.ts';
import { type StateKey, stateKeyOf } from '../../protocol/state-resolution/state-key.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { diffTrees } from '../state-tree/diff-trees.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { type AuthWalk, startWalk, walkAuthChains } from './auth-walk.ts';
import { reachedFromCommon } from './reached-from-common.ts';

export interface Conflict {
  readonly input: ResolutionInput;
  /** The nid of each key on which the states differ. */
  readonly keyNids: ReadonlyMap<StateKey, number>;
  nidOf(eventId: EventId): number;
}

const CREATE: StateKeyPair = ['m.room.create', ''];
const POWER_LEVELS: StateKeyPair = ['m.room.power_levels', ''];

/** `roots`: at least two, all different. */
export const loadConflict = async (engine: Engine, room: RoomRef, roots: readonly NodeHash[]): Promise<Conflict> => {
  const base = roots[0]!;
  const values = await differingValues(engine, roots);
  const nids = [...new Set([...values.values()].flat())].filter((nid) => nid !== undefined);
  const events = new Map((await engine.state.eventsOf(room, nids)).map((event, index) => [nids[index]!, event]));
  const keyNids = new Map<StateKey, number>();
  const stateSets = roots.map(() => new Map<StateKey, EventId>());
  for (const [keyNid, ofSets] of values) {
    const one = events.get(ofSets.find((nid) => nid !== undefined)!)!;
    const key = stateKeyOf(one.type, one.stateKey!);
    keyNids.set(key, keyNid);
    for (const [index, nid] of ofSets.entries()) {
      if (nid !== undefined) stateSets[index]!.set(key, events.get(nid)!.eventId);
    }
  }
  const walk = startWalk(engine, room, base, new Set(values.keys()));
  for (const [nid, event] of events) walk.add(nid, event, 'conflicted');
  // Since v12 no event refers to the create event; and the mainline may be that of the common power levels.
  const [create, powerLevels] = await loadCommon(walk, [CREATE, POWER_LEVELS]);
  await walkAuthChains(walk, powerLevels);
  const given = walk.given();
  const conflicted = new Set([...events.values()].map(({ eventId }) => eventId));
  const difference = authDifference(
    stateSets.map((stateSet) => stateSet.values()),
    (id) => given.get(id)?.authEvents ?? [],
    (id) => walk.reached.has(id),
  );
  const unsure = [...difference].filter((id) => !conflicted.has(id));
  for (const id of await reachedFromCommon(walk, unsure)) walk.reached.add(id);
  const common = await commonState(walk);
  return {
    input: {
      version: room.version,
      create: present(create ?? createAmong(events), 'a room has its create event'),
      stateSets,
      common: { get: (key) => common.get(key), reaches: (id) => walk.reached.has(id) },
      event: (id) => given.get(id) ?? walk.events.get(id),
      isRejected: (id) => walk.isRejected(id),
    },
    keyNids,
    nidOf: (eventId) => present(walk.nids.get(eventId), `event ${eventId} was loaded`),
  };
};

/** By key nid, the event nid of each state, where they are not all the same. */
const differingValues = async (
  engine: Engine,
  [base, ...others]: readonly NodeHash[],
): Promise<Map<number, (number | undefined)[]>> => {
  const values = new Map<number, (number | undefined)[]>();
  for (const [index, root] of others.entries()) {
    for (const { key, before, after } of await diffTrees(engine.state.source, base!, root)) {
      let ofSets = values.get(key);
      if (!ofSets) {
        ofSets = new Array<number | undefined>(others.length + 1).fill(before);
        values.set(key, ofSets);
      }
      ofSets[index + 1] = after;
    }
  }
  return values;
};

const createAmong = (events: ReadonlyMap<number, RoomEvent>): RoomEvent | undefined =>
  [...events.values()].find(({ type, stateKey }) => type === 'm.room.create' && stateKey === '');

/** Events of the common state under some keys; undefined where the states differ or have nothing. */
const loadCommon = async (walk: AuthWalk, pairs: readonly StateKeyPair[]): Promise<(RoomEvent | undefined)[]> => {
  const { engine, room, base, conflictedKeys } = walk;
  const keyNids = await engine.names.findStateKeys(pairs);
  const wanted = keyNids.filter((nid) => nid !== undefined && !conflictedKeys.has(nid)) as number[];
  const entries = await getEntries(engine.state.source, base, wanted);
  const nids = [...new Set(entries.values())];
  const events = new Map((await engine.state.eventsOf(room, nids)).map((event, index) => [nids[index]!, event]));
  for (const [nid, event] of events) walk.add(nid, event, 'reached');
  return keyNids.map((keyNid) => events.get(entries.get(keyNid ?? -1) ?? -1));
};

/** The common state under every key that the rules may ask for when they judge what was loaded. */
const commonState = async (walk: AuthWalk): Promise<Map<StateKey, EventId>> => {
  const pairs = new Map<StateKey, StateKeyPair>();
  const want = (pair: StateKeyPair): unknown => pairs.set(stateKeyOf(...pair), pair);
  for (const pair of [CREATE, POWER_LEVELS]) want(pair);
  for (const event of walk.events.values()) {
    if (walk.reached.has(event.eventId) || event.stateKey === undefined) continue;
    want([event.type, event.stateKey]);
    for (const pair of authEventKeys(event, walk.room.version)) want(pair);
  }
  const list = [...pairs];
  const events = await loadCommon(
    walk,
    list.map(([, pair]) => pair),
  );
  return new Map(list.flatMap(([key], index) => (events[index] ? [[key, events[index].eventId] as const] : [])));
};
