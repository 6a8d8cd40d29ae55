// Which events are in the auth chain of the common state, asked from below: whether something in it stands upon them.

import type { EventId } from '../../protocol/ids/branded.ts';
import { citersOf, citersOfAll } from '../../storage/stores/received-events.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { AuthWalk } from './auth-walk.ts';

/** Events that refer to one event, read at once. */
const PAGE = 500;
/** Events followed upwards from one before it counts as not reached. */
const FOLLOWED_MAX = 10_000;
/** Events that refer to those that are asked for, read at once when they are not more. */
const CITERS_MAX = 20_000;

/** The events of `ids` that something in the common state stands upon. What was learnt of one serves the others. */
export const reachedFromCommon = async (walk: AuthWalk, ids: readonly EventId[]): Promise<EventId[]> => {
  if (ids.length === 0) return [];
  const starts = ids.map((id) => walk.nids.get(id)!);
  const search: Search = {
    walk,
    read: new Map(),
    underWay: await citersUnderWay(walk),
    answers: new Map(),
  };
  await readCiters(search, starts);
  const reached: EventId[] = [];
  for (const [index, id] of ids.entries()) if (await isReached(search, starts[index]!)) reached.push(id);
  return reached;
};

interface Citer {
  readonly event: number;
  readonly stateKey: number;
}

interface Search {
  readonly walk: AuthWalk;
  /** All of them, of the events that were read together with others. */
  readonly read: Map<number, readonly Citer[]>;
  /** What is not on disk yet, by the event that is cited. */
  readonly underWay: ReadonlyMap<number, readonly Citer[]>;
  /** Of events that were asked for or passed: whether they are reached. */
  readonly answers: Map<number, boolean>;
}

/** Upwards from `start` until something common stands upon it. */
const isReached = async (search: Search, start: number): Promise<boolean> => {
  const { walk, read, underWay, answers } = search;
  /** By which event each was come to. */
  const cameFrom = new Map<number, number | undefined>([[start, undefined]]);
  const found = (last: number): true => {
    for (let nid: number | undefined = last; nid !== undefined; nid = cameFrom.get(nid)) answers.set(nid, true);
    return true;
  };
  const pending = [start];
  for (let nid = pending.pop(); nid !== undefined; nid = pending.pop()) {
    const answer = answers.get(nid);
    if (answer === true) return found(nid);
    if (answer === false) continue;
    if (cameFrom.size > FOLLOWED_MAX) return false;
    // Most of what is followed has few that refer to it: those of all that wait are read at once.
    if (!read.has(nid)) await readCiters(search, [nid, ...pending]);
    let after = 0;
    for (let isMore = true; isMore; ) {
      const known = read.get(nid);
      const page: readonly Citer[] = known ?? (await walk.engine.db.read((tx) => citersOf(tx, nid!, after, PAGE)));
      const citers = after === 0 ? [...page, ...(underWay.get(nid) ?? [])] : page;
      if (await hasCommon(walk, citers)) return found(nid);
      for (const { event } of citers) {
        if (cameFrom.has(event)) continue;
        cameFrom.set(event, nid);
        pending.push(event);
      }
      isMore = known === undefined && page.length === PAGE;
      after = page.at(-1)?.event ?? 0;
    }
  }
  // All that stands upon it was looked at.
  for (const nid of cameFrom.keys()) answers.set(nid, false);
  return false;
};

/** Nothing where there are too many: they are read event by event. */
const readCiters = async ({ walk, read, answers }: Search, events: readonly number[]): Promise<void> => {
  const wanted = events.filter((nid) => !read.has(nid) && !answers.has(nid));
  const rows = await walk.engine.db.read((tx) => citersOfAll(tx, wanted, CITERS_MAX));
  if (!rows) return;
  const citers = new Map<number, Citer[]>(wanted.map((nid) => [nid, []]));
  for (const { auth, event, stateKey } of rows) citers.get(auth)!.push({ event, stateKey });
  for (const [nid, some] of citers) read.set(nid, some);
};

const hasCommon = async (
  { engine, base, conflictedKeys }: AuthWalk,
  citers: readonly { event: number; stateKey: number }[],
): Promise<boolean> => {
  const common = citers.filter(({ stateKey }) => !conflictedKeys.has(stateKey));
  if (common.length === 0) return false;
  const entries = await getEntries(
    engine.state.source,
    base,
    common.map(({ stateKey }) => stateKey),
  );
  return common.some(({ event, stateKey }) => entries.get(stateKey) === event);
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
