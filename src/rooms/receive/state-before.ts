// The state before an event: that after its prev events, resolved where they do not agree.
// Server-Server API, "Room State Resolution".

import { distinct } from '../../lib/distinct.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { type ResolvedState, resolveRoots } from '../resolution/resolve-roots.ts';
import { emptyRoot } from '../state-tree/encode-node.ts';
import { getEntry } from '../state-tree/read-entries.ts';
import { setEntries } from '../state-tree/set-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { type Batch, keepState } from './batch.ts';
import type { KnownEvent } from './known-events.ts';
import { withNamed } from './partial-state.ts';

/** Prev events that are here with their states, and those that are not. */
export interface Prevs {
  readonly here: readonly KnownEvent[];
  readonly missing: readonly EventId[];
}

export const prevsOf = (batch: Batch, event: RoomEvent): Prevs => {
  const here: KnownEvent[] = [];
  const missing: EventId[] = [];
  for (const id of distinct(event.prevEvents)) {
    const prev = batch.known.get(id);
    if (prev?.room === batch.room.nid && prev.root !== undefined) here.push(prev);
    else missing.push(id);
  }
  return { here, missing };
};

/** undefined: it cannot be known. Throws DamagedStateError. */
export const stateBefore = (
  batch: Batch,
  event: RoomEvent,
  prevs: Prevs,
): NodeHash | undefined | Promise<NodeHash | undefined> => agreedState(prevs) ?? resolvedBefore(batch, event, prevs);

/** The state after all prev events, where it is the same: mostly there is one. */
const agreedState = ({ here, missing }: Prevs): NodeHash | undefined => {
  const root = here[0]?.root;
  return missing.length === 0 && here.every((prev) => prev.root === root) ? root : undefined;
};

const resolvedBefore = async (batch: Batch, event: RoomEvent, prevs: Prevs): Promise<NodeHash | undefined> => {
  const told = batch.options.statesBefore?.get(event.eventId);
  if (prevs.missing.length > 0 && !told) return undefined;
  const roots = prevs.here.map(({ root }) => root!);
  if (told && prevs.missing.length > 0) roots.push(...(await toldRoots(batch, event, told, prevs.missing)));
  if (roots.length === 0) return emptyRoot;
  return (await resolved(batch, roots)).root;
};

export const resolved = async (batch: Batch, roots: readonly NodeHash[]): Promise<ResolvedState> => {
  const state = await resolveRoots(batch.engine, batch.room, roots);
  const root = keepState(batch, state);
  if (state.memoryKey !== undefined) {
    batch.engine.resolutions.set(state.memoryKey, root);
    batch.resolutions.push(state.memoryKey);
  }
  return state;
};

/**
 * The state that was told, with what the event itself names of it (its auth events are taken from the state before it, and nothing
 * that stands in a state goes without something else there); and it with each missing prev event that is here beside the timeline,
 * which is in the state after itself: whatever a server leaves out.
 */
const toldRoots = async (
  batch: Batch,
  event: RoomEvent,
  told: readonly EventId[],
  missing: readonly EventId[],
): Promise<NodeHash[]> => {
  const root = await withNamed(batch, await toldRoot(batch, told), event);
  const roots = [root];
  for (const id of missing) {
    const prev = batch.known.get(id);
    if (prev === undefined || prev.room !== batch.room.nid || prev.stateKey === null || prev.verdict === 2) continue;
    roots.push(keepState(batch, await setEntries(batch.engine.state.source, root, [[prev.stateKey, prev.nid]])));
  }
  return roots;
};

/** Rejected events, and what is no state or not here, stand in no state. */
const toldRoot = async (batch: Batch, eventIds: readonly EventId[]): Promise<NodeHash> => {
  const made = batch.toldRoots.get(eventIds);
  if (made !== undefined) return made;
  const { source } = batch.engine.state;
  const known = await batch.engine.known.of(eventIds);
  const entries = Array.from(known.values()).flatMap(({ stateKey, nid, room, verdict }) =>
    stateKey !== null && room === batch.room.nid && verdict !== 2 ? [[stateKey, nid] as const] : [],
  );
  const root = keepState(batch, await setEntries(source, emptyRoot, [...entries, ...(await createIn(batch))]));
  batch.toldRoots.set(eventIds, root);
  return root;
};

/** No state of a room is without its create event, whatever a server leaves out. */
const createIn = async ({ engine, head }: Batch): Promise<(readonly [key: number, event: number])[]> => {
  const [key] = await engine.names.findStateKeys([['m.room.create', '']]);
  const create = key === undefined ? undefined : await getEntry(engine.state.source, head.stateRoot, key);
  return key === undefined || create === undefined ? [] : [[key, create]];
};
