// Which events are in the auth chain of the common state, asked from below: whether something in it stands upon them.

import { citersOf, citersOfAll } from '../../storage/stores/received-events.ts';
import { diffTrees } from '../state-tree/diff-trees.ts';
import { type AuthWalk, isCommon, readEntries } from './auth-walk.ts';
import type { Citer } from './chain-memory.ts';

/** Events that refer to one event, read at once. */
const PAGE = 500;
/** Events followed upwards from one before it counts as not reached. */
const FOLLOWED_MAX = 10_000;
/** Events that refer to those that are asked for, read at once when they are not more. */
const CITERS_MAX = 20_000;

/**
 * The events of `nids` that something in the common state stands upon. What was learnt of one serves the others, and the next
 * resolutions of the room.
 */
export const reachedFromCommon = async (walk: AuthWalk, nids: readonly number[]): Promise<number[]> => {
  const { chains } = walk;
  await keepWhatHolds(walk);
  const starts = nids.filter((nid) => !chains.unreached.has(nid));
  if (starts.length === 0) return [];
  const search: Search = { walk, read: new Map(), underWay: await citersUnderWay(walk), reached: new Map() };
  await readCiters(search, starts);
  const reached: number[] = [];
  for (const nid of starts) if (await isReached(search, nid)) reached.push(nid);
  for (const [nid, by] of search.reached) chains.reachedBy.set(nid, by);
  return reached;
};

/**
 * What nothing in a common state stands upon, nothing in a smaller one does: its events were there already, and with them all that
 * they refer to.
 */
const keepWhatHolds = async ({ engine, base, conflictedKeys, chains }: AuthWalk): Promise<void> => {
  const isSmaller = async (): Promise<boolean> => {
    if (chains.base === undefined || !chains.conflictedKeys.isSubsetOf(conflictedKeys)) return false;
    const differences = await diffTrees(engine.state.source, chains.base, base);
    return differences.every(({ key }) => conflictedKeys.has(key));
  };
  if (chains.unreached.size > 0 && !(await isSmaller())) chains.unreached.clear();
  chains.base = base;
  chains.conflictedKeys = conflictedKeys;
};

interface Search {
  readonly walk: AuthWalk;
  /** All of them, of the events that were read together with others. */
  readonly read: Map<number, readonly Citer[]>;
  /** What is not on disk yet, by the event that is cited. */
  readonly underWay: ReadonlyMap<number, readonly Citer[]>;
  /** Events that were asked for or passed, and what of the common state stands upon them. */
  readonly reached: Map<number, Citer>;
}

/** Upwards from `start` until something common stands upon it. */
const isReached = async (search: Search, start: number): Promise<boolean> => {
  const { walk, read, underWay, reached } = search;
  const { unreached } = walk.chains;
  /** By which event each was come to. */
  const cameFrom = new Map<number, number | undefined>([[start, undefined]]);
  const found = (last: number, by: Citer): true => {
    for (let nid: number | undefined = last; nid !== undefined; nid = cameFrom.get(nid)) reached.set(nid, by);
    return true;
  };
  const pending = [start];
  for (let nid = pending.pop(); nid !== undefined; nid = pending.pop()) {
    const known = reached.get(nid);
    if (known) return found(nid, known);
    if (unreached.has(nid)) continue;
    if (cameFrom.size > FOLLOWED_MAX) return false;
    // Most of what is followed has few that refer to it: those of all that wait are read at once.
    if (!read.has(nid)) await readCiters(search, [nid, ...pending]);
    let after = 0;
    for (let isMore = true; isMore; ) {
      const all = read.get(nid);
      const page = all ?? (await pageOfCiters(walk, nid, after));
      const citers = after === 0 ? [...page, ...(underWay.get(nid) ?? [])] : page;
      const by = await commonAmong(walk, citers);
      if (by) return found(nid, by);
      for (const { event } of citers) {
        if (cameFrom.has(event)) continue;
        cameFrom.set(event, nid);
        pending.push(event);
      }
      isMore = all === undefined && page.length === PAGE;
      after = page.at(-1)?.event ?? 0;
    }
  }
  // All that stands upon it was looked at.
  for (const nid of cameFrom.keys()) unreached.add(nid);
  return false;
};

const pageOfCiters = ({ engine }: AuthWalk, nid: number, after: number): Promise<readonly Citer[]> =>
  engine.db.read((tx) => citersOf(tx, nid, after, PAGE));

/** Nothing where there are too many: they are read event by event. */
const readCiters = async ({ walk, read, reached }: Search, events: readonly number[]): Promise<void> => {
  const wanted = events.filter((nid) => !read.has(nid) && !reached.has(nid) && !walk.chains.unreached.has(nid));
  if (wanted.length === 0) return;
  const rows = await walk.engine.db.read((tx) => citersOfAll(tx, wanted, CITERS_MAX));
  if (!rows) return;
  const citers = new Map<number, Citer[]>(wanted.map((nid) => [nid, []]));
  for (const { auth, event, stateKey } of rows) citers.get(auth)!.push({ event, stateKey });
  for (const [nid, some] of citers) read.set(nid, some);
};

const commonAmong = async (walk: AuthWalk, citers: readonly Citer[]): Promise<Citer | undefined> => {
  const candidates = citers.filter(({ stateKey }) => !walk.conflictedKeys.has(stateKey));
  if (candidates.length === 0) return undefined;
  await readEntries(
    walk,
    candidates.map(({ stateKey }) => stateKey),
  );
  return candidates.find(({ event, stateKey }) => isCommon(walk, event, stateKey));
};

/** What is not on disk yet. */
const citersUnderWay = async ({ engine, room }: AuthWalk): Promise<Search['underWay']> => {
  const events = [...engine.known.underWay.values()].filter(
    ({ roomId, stateKey }) => roomId === room.roomId && stateKey !== undefined,
  );
  const citers = new Map<number, Citer[]>();
  if (events.length === 0) return citers;
  const known = await engine.known.of(events.flatMap(({ eventId, authEvents }) => [eventId, ...authEvents]));
  for (const { eventId, authEvents } of events) {
    const one = known.get(eventId);
    if (!one || one.stateKey === null) continue;
    for (const auth of authEvents) {
      const cited = known.get(auth);
      if (!cited) continue;
      const list = citers.get(cited.nid) ?? [];
      list.push({ event: one.nid, stateKey: one.stateKey });
      citers.set(cited.nid, list);
    }
  }
  return citers;
};
