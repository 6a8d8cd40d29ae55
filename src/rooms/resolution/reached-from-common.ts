// Which events are in the auth chain of the common state, asked from below: whether something in it stands upon them.

import type { EventId } from '../../protocol/ids/branded.ts';
import { citersOf } from '../../storage/stores/received-events.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { AuthWalk } from './auth-walk.ts';

/** Events that refer to one event, read at once. */
const PAGE = 500;
/** Events followed upwards from one before it counts as not reached. */
const FOLLOWED_MAX = 10_000;

/** The events of `ids` that something in the common state stands upon. What was learnt of one serves the others. */
export const reachedFromCommon = async (walk: AuthWalk, ids: readonly EventId[]): Promise<EventId[]> => {
  if (ids.length === 0) return [];
  const search: Search = { walk, underWay: await citersUnderWay(walk), answers: new Map() };
  const reached: EventId[] = [];
  for (const id of ids) if (await isReached(search, walk.nids.get(id)!)) reached.push(id);
  return reached;
};

interface Citer {
  readonly event: number;
  readonly stateKey: number;
}

interface Search {
  readonly walk: AuthWalk;
  /** What is not on disk yet, by the event that is cited. */
  readonly underWay: ReadonlyMap<number, readonly Citer[]>;
  /** Of events that were asked for or passed: whether they are reached. */
  readonly answers: Map<number, boolean>;
}

/** Upwards from `start` until something common stands upon it. */
const isReached = async ({ walk, underWay, answers }: Search, start: number): Promise<boolean> => {
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
    let after = 0;
    for (let isMore = true; isMore; ) {
      const page: Citer[] = await walk.engine.db.read((tx) => citersOf(tx, nid!, after, PAGE));
      const citers = after === 0 ? [...page, ...(underWay.get(nid) ?? [])] : page;
      if (await hasCommon(walk, citers)) return found(nid);
      for (const { event } of citers) {
        if (cameFrom.has(event)) continue;
        cameFrom.set(event, nid);
        pending.push(event);
      }
      isMore = page.length === PAGE;
      after = page.at(-1)?.event ?? 0;
    }
  }
  // All that stands upon it was looked at.
  for (const nid of cameFrom.keys()) answers.set(nid, false);
  return false;
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
