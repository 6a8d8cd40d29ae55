// One draft becomes an event: judged by the room's rules, built, signed, and laid out as the rows that it will be.

import { authoriseEvent } from '../../protocol/auth-rules/authorise-event.ts';
import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import type { EventRow, MembershipRow } from '../../storage/stores/persist.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { hashToBytes } from '../state/room-state.ts';
import { getEntry } from '../state-tree/read-entries.ts';
import { setEntries } from '../state-tree/set-entries.ts';
import type { EncodedNode, NodeHash } from '../state-tree/state-node.ts';
import type { HeldNodes } from '../state-tree/state-nodes.ts';
import type { Extremity, RoomHead } from '../warm-rooms.ts';
import { loadAuthState } from './auth-state.ts';
import { buildLocalEvent } from './build-local-event.ts';
import type { Draft } from './draft.ts';
import { redactionOf, withRedacts } from './redaction-of.ts';
import { relationOf } from './relation-of.ts';
import type { DraftNids } from './send-events.ts';
import { threadOf } from './thread-of.ts';

export interface Prepared {
  readonly event: RoomEvent;
  readonly row: EventRow;
  /** As other servers get it. */
  readonly pduJson: string;
  readonly membership: MembershipRow | undefined;
  /** New nodes of the state tree, held in memory until the write is settled. */
  readonly nodes: readonly EncodedNode[];
  readonly held: HeldNodes;
  /** The room as the next draft finds it. */
  readonly head: RoomHead;
}

/** The numbers of an event and of what it names. */
export interface EventNids extends DraftNids {
  readonly event: number;
}

/** What an event is drafted upon: some of the forward extremities, and the state after them. */
export interface Upon {
  readonly prevs: readonly Extremity[];
  readonly root: NodeHash;
}

export const prepareEvent = async (
  engine: Engine,
  room: RoomRef,
  head: RoomHead & { readonly upon?: Upon },
  given: Draft,
  nids: EventNids,
): Promise<Prepared> => {
  const nid = nids.event;
  const draft = withRedacts(given, room);
  const { prevs, root } = head.upon ?? { prevs: head.extremities, root: head.stateRoot };
  const auth = await loadAuthState(engine.state, room, root, draft, engine.serverName);
  const built = await buildLocalEvent(engine, room, prevs, draft, auth);
  const { event } = built;
  const verdict = authoriseEvent(event, room.version, auth.facts);
  if (!verdict.ok) throw forbidden(`The room does not allow this. Rule ${verdict.rule}: ${verdict.sentence}`);
  const redaction = await redactionOf(engine, room, event, auth);
  const change = await changeState(engine, root, nids.stateKey, nid);
  const outcome = await engine.notifications.judge(event, {
    room: room.nid,
    version: room.version,
    powerLevels: auth.powerLevels,
    create: auth.create,
    sender: nids.sender,
    stateRoot: head.stateRoot,
  });
  const notifiedTotal = head.notifiedTotal + (outcome.notifies ? 1 : 0);
  const relation = relationOf(event.content);
  const row: EventRow = {
    nid,
    eventId: event.eventId,
    type: nids.type,
    sender: nids.sender,
    stateKey: nids.stateKey,
    originServerTs: event.originServerTs,
    depth: event.depth,
    content: built.contentJson,
    rest: built.restJson,
    stateRoot: hashToBytes(change.root),
    currentRoot: nids.stateKey === null ? null : hashToBytes(change.root),
    replaces: change.replaces ?? null,
    thread: relation ? await threadOf(engine, room, relation) : null,
    notifies: outcome.notifies,
    highlights: outcome.highlights,
    notifiedTotal,
    verdict: 0,
    inTimeline: true,
    prevs: prevs.map((prev) => prev.nid),
    missingPrevs: [],
    ...(nids.stateKey !== null && { authEvents: event.authEvents }),
    ...(relation && { relation }),
    ...(draft.transaction && { transaction: draft.transaction }),
    ...(redaction && { redaction }),
    ...(nids.target !== null && { wakes: [nids.target] }),
    ...(outcome.exceptions.length > 0 && { notifications: outcome.exceptions }),
  };
  if (event.stateKey !== undefined) engine.state.remember(nid, event);
  const extremity = { nid, eventId: event.eventId, depth: event.depth, stateRoot: change.root };
  return {
    event,
    row,
    pduJson: built.pduJson,
    membership: membershipOf(engine, event, nids, nid),
    nodes: change.nodes,
    held: engine.state.nodes.hold(change.nodes),
    head: { sequence: head.sequence, stateRoot: change.root, extremities: [extremity], notifiedTotal },
  };
};

interface StateChange {
  readonly root: NodeHash;
  readonly nodes: readonly EncodedNode[];
  /** nid of the state event that stood there before. */
  readonly replaces: number | undefined;
}

const changeState = async (
  engine: Engine,
  root: NodeHash,
  stateKey: number | null,
  nid: number,
): Promise<StateChange> => {
  if (stateKey === null) return { root, nodes: [], replaces: undefined };
  const { source } = engine.state;
  const replaces = await getEntry(source, root, stateKey);
  const changed = await setEntries(source, root, [[stateKey, nid]]);
  return { root: changed.root, nodes: changed.newNodes, replaces };
};

const membershipOf = (engine: Engine, event: RoomEvent, nids: DraftNids, nid: number): MembershipRow | undefined => {
  if (nids.target === null) return undefined;
  return {
    user: nids.target,
    membership: event.content.membership as string,
    event: nid,
    sender: nids.sender,
    isLocal: serverOf(event.stateKey as UserId) === engine.serverName,
  };
};
