// Rooms whose members are not all known yet: an event tells by its auth_events of the members whom it is about.
// MSC3706, "Partial state in send_join responses".

import type { RoomEvent } from '../../protocol/events/room-event.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import { setEntries } from '../state-tree/set-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { type Batch, keepState } from './batch.ts';
import { loadEvents } from './load-events.ts';

/** Whether members may be missing in the states by which events are judged. */
export const isLenient = ({ room, options }: Batch): boolean => room.isPartial && options.isWhole !== true;

/** For lenient batches: a state with the members that the event names and the state does not know. What the state knows stays. */
export const withMembersOf = (batch: Batch, root: NodeHash, event: RoomEvent): Promise<NodeHash> =>
  withNamed(batch, root, event, ({ type }) => type === 'm.room.member');

/** A state with those of the event's auth events that `isWanted` and of which the state knows nothing. What the state knows stays. */
export const withNamed = async (
  batch: Batch,
  root: NodeHash,
  event: RoomEvent,
  isWanted: (auth: RoomEvent) => boolean = () => true,
): Promise<NodeHash> => {
  if (event.authEvents.length === 0) return root;
  const { engine, room } = batch;
  const named: [key: number, event: number][] = [];
  for (const { known, event: auth } of (await loadEvents(engine, room, event.authEvents)).values()) {
    if (!isWanted(auth) || known.stateKey === null) continue;
    if (known.room === room.nid && known.verdict !== 2) named.push([known.stateKey, known.nid]);
  }
  const { source } = engine.state;
  const there = await getEntries(
    source,
    root,
    named.map(([key]) => key),
  );
  const unknown = named.filter(([key]) => !there.has(key));
  return unknown.length === 0 ? root : keepState(batch, await setEntries(source, root, unknown));
};
