// What an event of another server redacts, and what redacted it before it came.
// Room versions, "Handling redactions".

import { mayRedact } from '../../protocol/auth-rules/authorise-redaction.ts';
import { readPowerLevels } from '../../protocol/auth-rules/power-levels.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import { isEventId } from '../../protocol/ids/event-id.ts';
import { redactStored } from '../../protocol/redaction/redact-stored.ts';
import { eventsByNid, type StoredEvent } from '../../storage/stores/events.ts';
import type { RedactionRow } from '../../storage/stores/persist.ts';
import { bytesToHash, toRoomEvent } from '../state/room-state.ts';
import type { Batch } from './batch.ts';
import type { IncomingEvent } from './incoming.ts';
import type { Judgement } from './judge-event.ts';

export interface Redactions {
  /** What the event redacts. */
  readonly row?: RedactionRow;
  /** The redacted texts of the event itself, where a redaction came before it. */
  readonly texts?: { readonly content: string; readonly rest: string };
  readonly redactedBy?: number;
}

export const redactionsOf = async (
  batch: Batch,
  incoming: IncomingEvent,
  judgement: Judgement,
): Promise<Redactions> => {
  const { event } = incoming;
  const row =
    judgement.verdict === 0 && event.redacts !== undefined && judgement.as !== 'outlier'
      ? await redactionRow(batch, event, judgement)
      : undefined;
  const earlier = batch.redactions.get(event.eventId);
  const redactedBy = earlier && (await earlierRedaction(batch, event, earlier));
  if (redactedBy === undefined) return row ? { row } : {};
  const { type } = event;
  const texts = redactStored({ type, content: incoming.contentJson, rest: incoming.restJson }, batch.room.version);
  return { ...(row && { row }), texts, redactedBy };
};

/** undefined: it redacts nothing, now or later. */
const redactionRow = async (
  batch: Batch,
  redaction: RoomEvent,
  { auth }: Judgement,
): Promise<RedactionRow | undefined> => {
  const { room } = batch;
  const targetId = redaction.redacts!;
  const known = batch.known.get(targetId);
  if (!isEventId(targetId)) return undefined;
  // "The redaction event … not been received yet": it waits.
  if (!known) return { target: targetId };
  if (known.room !== room.nid) return undefined;
  const target = await textsOf(batch, known.nid);
  if (!target || target.isRedacted) return undefined;
  const levels = readPowerLevels(auth?.powerLevels?.content, room.version, auth?.create);
  if (!mayRedact(redaction, target.event, room.version, levels)) return undefined;
  const { content, rest } = redactStored({ ...target, type: target.event.type }, room.version);
  return { target: targetId, apply: { nid: known.nid, content, rest } };
};

interface Target {
  readonly event: RoomEvent;
  readonly content: string;
  readonly rest: string;
  readonly isRedacted: boolean;
}

const textsOf = async (batch: Batch, nid: number): Promise<Target | undefined> => {
  const { room, engine } = batch;
  const row = batch.rows.findLast((one) => one.nid === nid);
  if (row) {
    const event = engine.known.underWay.get(row.eventId as RoomEvent['eventId']);
    return event && { event, content: row.content, rest: row.rest, isRedacted: row.redactedBy !== undefined };
  }
  let [stored] = await engine.db.read((tx) => eventsByNid(tx, [nid]));
  if (!stored) {
    // Still on its way to the disk.
    await room.latestWrite;
    [stored] = await engine.db.read((tx) => eventsByNid(tx, [nid]));
  }
  return stored && { ...stored, event: toRoomEvent(stored, room), isRedacted: stored.redactedBy !== null };
};

/** The first of the redactions that was accepted and may redact it. */
const earlierRedaction = async (
  batch: Batch,
  target: RoomEvent,
  redactions: readonly number[],
): Promise<number | undefined> => {
  const stored = await batch.engine.db.read((tx) => eventsByNid(tx, redactions));
  for (const one of stored.sort((a, b) => a.nid - b.nid)) {
    if (one.verdict === 0 && (await appliesTo(batch, one, target))) return one.nid;
  }
  return undefined;
};

const appliesTo = async (batch: Batch, stored: StoredEvent, target: RoomEvent): Promise<boolean> => {
  const { engine, room } = batch;
  if (stored.room !== room.nid || stored.stateRoot === null) return false;
  const [create, powerLevels] = await engine.state.pick(room, bytesToHash(stored.stateRoot), [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ]);
  const levels = readPowerLevels(powerLevels?.content, room.version, create);
  return mayRedact(toRoomEvent(stored, room), target, room.version, levels);
};
