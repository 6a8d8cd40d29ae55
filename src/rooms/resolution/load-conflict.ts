// Loads what a resolution looks at: the keys on which the states differ, the auth chains of what stands there as far as the
// states do not have them in common, and what the rules ask of the common state.

import { present } from '../../lib/assert.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { ResolutionInput } from '../../protocol/state-resolution/resolution.ts';
import type { StateKey } from '../../protocol/state-resolution/state-key.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { diffTrees } from '../state-tree/diff-trees.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { authDifference, type DifferingStates } from './auth-difference.ts';
import { type AuthWalk, findByNid, foundEvent, readEntries, startWalk, walkAuthChains } from './auth-walk.ts';
import type { ChainEvent } from './chain-memory.ts';
import { reachedFromCommon } from './reached-from-common.ts';

export interface Conflict {
  readonly input: ResolutionInput;
  /** What the first of the states has under the keys on which they differ. */
  readonly base: DifferingStates['base'];
  /** The nid of each key on which the states differ. */
  readonly keyNids: ReadonlyMap<StateKey, number>;
  /** Since v12: what the events in conflict refer to, directly or not. Until v11 it is not followed so far. */
  readonly cited: Set<number> | undefined;
  /** Any of the events that were loaded. */
  loaded(eventId: EventId): ChainEvent;
}

const CREATE: StateKeyPair = ['m.room.create', ''];
const POWER_LEVELS: StateKeyPair = ['m.room.power_levels', ''];

/** `roots`: at least two, all different. */
export const loadConflict = async (engine: Engine, room: RoomRef, roots: readonly NodeHash[]): Promise<Conflict> => {
  const states = await differingStates(engine, roots);
  const walk = startWalk(engine, room, roots[0]!, new Set(states.base.keys()));
  const values = valuesOf(states);
  const conflicted = new Set<number>();
  for (const nids of values.values()) for (const nid of nids) conflicted.add(nid);
  await findByNid(walk, conflicted);
  // Since v12 no event refers to the create event; and the mainline may be that of the common power levels.
  const keys = (await engine.names.findStateKeys([CREATE, POWER_LEVELS])).filter((key) => key !== undefined);
  const common = await findCommon(walk, keys);
  const powerLevels = common.find(({ event }) => event.type === 'm.room.power_levels');
  await walkAuthChains(walk, powerLevels ? [...conflicted, powerLevels.nid] : [...conflicted]);
  const { found, expanded, reached } = walk;
  const authsOf = (nid: number): readonly number[] => (expanded.has(nid) ? foundEvent(walk, nid).auths : []);
  const difference = authDifference(states, authsOf, (nid) => reached.has(nid));
  const unsure = [...difference].filter((nid) => !conflicted.has(nid));
  for (const nid of await reachedFromCommon(walk, unsure)) {
    reached.add(nid);
    // Whatever it stands upon was unsure as well.
    difference.delete(nid);
  }
  const asked = new Set(keys);
  for (const { nid, asks } of found.values()) if (!reached.has(nid)) for (const key of asks) asked.add(key);
  const commonState = new Map((await findCommon(walk, asked)).map(({ key, event }) => [key, event.eventId]));
  const cited = room.version.stateResolution === 'v2.1' ? citedBy(walk, conflicted) : undefined;
  return { base: states.base, cited, ...asConflict(walk, values, difference, commonState) };
};

const asConflict = (
  walk: AuthWalk,
  values: ReadonlyMap<number, readonly number[]>,
  difference: ReadonlySet<number>,
  common: ReadonlyMap<StateKey, EventId>,
): Omit<Conflict, 'base' | 'cited'> => {
  const { engine, found, reached, expanded, room } = walk;
  let all: Map<EventId, ChainEvent> | undefined;
  // Nearly all are remembered; of a conflict that is larger than the memory they are not.
  const byId = (id: EventId): ChainEvent | undefined => {
    const one = engine.chains.byId(id);
    if (one && found.has(one.nid)) return one;
    all ??= new Map(Array.from(found.values(), (each) => [each.event.eventId, each]));
    return all.get(id);
  };
  const keyNids = new Map<StateKey, number>();
  // As many as there are values under one key: each has a value of its own, where there are so many.
  const stateSets: Map<StateKey, EventId>[] = [new Map(), new Map()];
  for (const [keyNid, nids] of values) {
    for (const [index, nid] of nids.entries()) {
      const { key, event } = foundEvent(walk, nid);
      keyNids.set(key, keyNid);
      stateSets[index] ??= new Map();
      stateSets[index].set(key, event.eventId);
    }
  }
  return {
    input: {
      version: room.version,
      create: createIn(found),
      stateSets,
      authDifference: new Set(Array.from(difference, (nid) => foundEvent(walk, nid).event.eventId)),
      common: { get: (key) => common.get(key), reaches: (id) => reached.has(byId(id)?.nid ?? 0) },
      event: (id) => byId(id)?.event,
      // What was not followed is in all states.
      authEventsOf: (id) => (expanded.has(byId(id)?.nid ?? 0) ? undefined : []),
      isRejected: (id) => byId(id)?.isRejected === true,
    },
    keyNids,
    loaded: (eventId) => present(byId(eventId), 'an event of a conflict was loaded'),
  };
};

const citedBy = (walk: AuthWalk, starts: Iterable<number>): Set<number> => {
  const cited = new Set<number>();
  const pending = [...starts];
  for (let nid = pending.pop(); nid !== undefined; nid = pending.pop()) {
    for (const auth of foundEvent(walk, nid).auths) {
      if (cited.has(auth)) continue;
      cited.add(auth);
      pending.push(auth);
    }
  }
  return cited;
};

const createIn = (found: AuthWalk['found']): RoomEvent => {
  const create = found.values().find(({ event }) => event.type === 'm.room.create' && event.stateKey === '');
  return present(create, 'a room has its create event').event;
};

const differingStates = async (engine: Engine, [first, ...roots]: readonly NodeHash[]): Promise<DifferingStates> => {
  const base = new Map<number, number | undefined>();
  const others: Map<number, number | undefined>[] = [];
  for (const root of roots) {
    const other = new Map<number, number | undefined>();
    for (const { key, before, after } of await diffTrees(engine.state.source, first!, root)) {
      base.set(key, before);
      other.set(key, after);
    }
    others.push(other);
  }
  return { base, others };
};

/** By key nid, the different events that stand there. */
const valuesOf = ({ base, others }: DifferingStates): Map<number, number[]> => {
  const values = new Map<number, number[]>();
  for (const [key, nid] of base) values.set(key, nid === undefined ? [] : [nid]);
  for (const other of others) for (const [key, nid] of other) if (nid !== undefined) values.get(key)!.push(nid);
  if (others.length > 1) for (const [key, nids] of values) values.set(key, [...new Set(nids)]);
  return values;
};

/** Events of the common state under some keys. */
const findCommon = async (walk: AuthWalk, keys: Iterable<number>): Promise<ChainEvent[]> => {
  const wanted = Array.from(keys).filter((key) => !walk.conflictedKeys.has(key));
  await readEntries(walk, wanted);
  const nids = wanted.map((key) => walk.entries.get(key)).filter((nid) => nid !== undefined);
  await findByNid(walk, nids);
  for (const nid of nids) walk.reached.add(nid);
  return nids.map((nid) => foundEvent(walk, nid));
};
