// A draft in a room that has more forward extremities than an event may follow: it follows some, and the others stay.

import { authoriseEvent } from '../../protocol/auth-rules/authorise-event.ts';
import { forbidden } from '../../protocol/errors/matrix-error.ts';
import { resolveRoots } from '../resolution/resolve-roots.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { hashToBytes } from '../state/room-state.ts';
import type { HeldNodes } from '../state-tree/state-nodes.ts';
import type { RoomHead } from '../warm-rooms.ts';
import { loadAuthState } from './auth-state.ts';
import type { Draft } from './draft.ts';
import { type EventNids, type Prepared, prepareEvent } from './prepare-event.ts';

/** At most this many forward extremities become prev_events. Server-Server API, PDUs: at most 20. */
const PREV_EVENTS_MAX = 20;

/** As prepareEvent, for rooms with any number of forward extremities. */
export const prepareInRoom = async (
  engine: Engine,
  room: RoomRef,
  head: RoomHead,
  draft: Draft,
  nids: EventNids,
): Promise<Prepared> => {
  if (head.extremities.length <= PREV_EVENTS_MAX) return prepareEvent(engine, room, head, draft, nids);
  const { nodes } = engine.state;
  const prevs = head.extremities.slice(0, PREV_EVENTS_MAX);
  const left = head.extremities.slice(PREV_EVENTS_MAX);
  const before = await resolveRoots(
    engine,
    room,
    prevs.map(({ stateRoot }) => stateRoot),
  );
  const holds: HeldNodes[] = [nodes.hold(before.newNodes)];
  try {
    const prepared = await prepareEvent(engine, room, { ...head, upon: { prevs, root: before.root } }, draft, nids);
    holds.push(prepared.held);
    await allowedNow(engine, room, head, prepared);
    const extremities = [...prepared.head.extremities, ...left];
    const current = await resolveRoots(
      engine,
      room,
      extremities.map(({ stateRoot }) => stateRoot),
    );
    holds.push(nodes.hold(current.newNodes));
    return {
      ...prepared,
      row: { ...prepared.row, currentRoot: current.root === head.stateRoot ? null : hashToBytes(current.root) },
      nodes: [...before.newNodes, ...prepared.nodes, ...current.newNodes],
      held: together(holds),
      head: { ...prepared.head, extremities, stateRoot: current.root },
    };
  } catch (error) {
    for (const one of holds) one.discard();
    throw error;
  }
};

const together = (holds: readonly HeldNodes[]): HeldNodes => ({
  commit() {
    for (const one of holds) one.commit();
  },
  discard() {
    for (const one of holds) one.discard();
  },
});

/** Other servers would soft-fail what the current state forbids. */
const allowedNow = async (engine: Engine, room: RoomRef, head: RoomHead, { event }: Prepared): Promise<void> => {
  const auth = await loadAuthState(engine.state, room, head.stateRoot, event, engine.serverName);
  const verdict = authoriseEvent(event, room.version, auth.facts);
  if (!verdict.ok) throw forbidden(`The room does not allow this. Rule ${verdict.rule}: ${verdict.sentence}`);
};
