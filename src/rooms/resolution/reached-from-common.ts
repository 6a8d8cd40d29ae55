// Which events are in the auth chain of the common state, asked from below: whether something in it stands upon them.

import type { EventId } from '../../protocol/ids/branded.ts';
import { citersOf } from '../../storage/stores/received-events.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { AuthWalk } from './auth-walk.ts';

/** Events that refer to one event, read at once. */
const PAGE = 500;
/** Events followed upwards from one before it counts as not reached. */
const FOLLOWED_MAX = 10_000;

/** Few events are asked for: those that one branch had and replaced since the branches parted. */
export const reachedFromCommon = async (walk: AuthWalk, ids: readonly EventId[]): Promise<EventId[]> => {
  const reached: EventId[] = [];
  for (const id of ids) if (await isReached(walk, id)) reached.push(id);
  return reached;
};

const isReached = async (walk: AuthWalk, id: EventId): Promise<boolean> => {
  const seen = new Set<number>();
  const pending = [walk.nids.get(id)!];
  for (let nid = pending.pop(); nid !== undefined && seen.size < FOLLOWED_MAX; nid = pending.pop()) {
    let after = 0;
    for (let isMore = true; isMore; ) {
      const page: { event: number; stateKey: number }[] = await walk.engine.db.read((tx) =>
        citersOf(tx, nid!, after, PAGE),
      );
      const citers = after === 0 ? [...page, ...(await citersUnderWay(walk, nid))] : page;
      if (await hasCommon(walk, citers)) return true;
      for (const { event } of citers) {
        if (seen.has(event)) continue;
        seen.add(event);
        pending.push(event);
      }
      isMore = page.length === PAGE;
      after = page.at(-1)?.event ?? 0;
    }
  }
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
const citersUnderWay = async (
  { engine, room }: AuthWalk,
  nid: number,
): Promise<{ event: number; stateKey: number }[]> => {
  const ids: EventId[] = [];
  for (const [id, event] of engine.known.underWay) {
    if (event.roomId === room.roomId && event.stateKey !== undefined) ids.push(id);
  }
  if (ids.length === 0) return [];
  const known = await engine.known.of(ids.flatMap((id) => [id, ...engine.known.underWay.get(id)!.authEvents]));
  return ids.flatMap((id) => {
    const one = known.get(id);
    const cites = engine.known.underWay.get(id)?.authEvents.some((auth) => known.get(auth)?.nid === nid) === true;
    return one && cites && one.stateKey !== null ? [{ event: one.nid, stateKey: one.stateKey }] : [];
  });
};
