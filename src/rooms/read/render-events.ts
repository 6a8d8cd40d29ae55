// Events as texts for one viewer. What a page needs is looked up for all its events at once; nothing is parsed that is not filtered.

import { joinPdu } from '../../protocol/events/join-pdu.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import { pickFields } from '../../protocol/filters/event-fields.ts';
import {
  contentsOf,
  eventSendersOf,
  eventsByNid,
  type StoredEvent,
  sendersOfEvents,
} from '../../storage/stores/events.ts';
import type { RoomRef } from '../room-ref.ts';
import { type BundleDepth, bundlesOf } from './bundles.ts';
import { openEventText } from './event-text.ts';
import type { Look, RenderOptions } from './room-reader.ts';
import { visibleEvents } from './visible-events.ts';

/** What stands in `unsigned`, by event nid. */
interface Extras {
  readonly membership: readonly (string | undefined)[];
  readonly prevContents: ReadonlyMap<number, string>;
  readonly replaced: ReadonlyMap<number, { readonly eventId: string; readonly sender: string }>;
  readonly redactions: ReadonlyMap<number, string>;
  readonly transactions: ReadonlyMap<number, string>;
  readonly bundles: ReadonlyMap<number, string>;
}

export const renderEvents = async (
  look: Look,
  room: RoomRef,
  events: readonly StoredEvent[],
  options: RenderOptions = {},
  depth: BundleDepth = 0,
): Promise<string[]> => {
  const { reading } = look;
  if (events.length === 0) return [];
  const extras = await extrasOf(look, room, events, options, depth);
  const now = reading.clock.now();
  return events.map((event, index) => {
    const unsigned = unsignedText(event, extras, index, now);
    const open = options.federationFormat
      ? joinPdu(event, room.roomId, room.version).slice(0, -1)
      : openedText(look, event, room, options);
    const text = `${open},"unsigned":${unsigned}}`;
    return options.fields ? JSON.stringify(pickFields(JSON.parse(text) as JsonObject, options.fields)) : text;
  });
};

const openedText = ({ reading }: Look, event: StoredEvent, room: RoomRef, { withoutRoomId }: RenderOptions): string => {
  const remembered = withoutRoomId ? undefined : reading.memory.of(event);
  if (!remembered) return openEventText(event, room, !withoutRoomId);
  if (remembered.opened === undefined) {
    remembered.opened = openEventText(event, room, true);
    // Looking into it makes the engine join the pieces once, not for each page.
    remembered.opened.charCodeAt(0);
  }
  return remembered.opened;
};

const unsignedText = (event: StoredEvent, extras: Extras, index: number, now: number): string => {
  let text = `{"age":${now - event.originServerTs}`;
  const relations = extras.bundles.get(event.nid);
  if (relations !== undefined) text += `,"m.relations":${relations}`;
  const membership = extras.membership[index];
  if (membership !== undefined) text += `,"membership":${JSON.stringify(membership)}`;
  if (event.replaces !== null) {
    const content = extras.prevContents.get(event.replaces);
    if (content !== undefined) text += `,"prev_content":${content}`;
    const replaced = extras.replaced.get(event.replaces);
    if (replaced !== undefined) {
      if (content !== undefined) text += `,"prev_sender":${JSON.stringify(replaced.sender)}`;
      text += `,"replaces_state":${JSON.stringify(replaced.eventId)}`;
    }
  }
  const redaction = event.redactedBy === null ? undefined : extras.redactions.get(event.redactedBy);
  if (redaction !== undefined) text += `,"redacted_because":${redaction}`;
  const transaction = extras.transactions.get(event.nid);
  if (transaction !== undefined) text += `,"transaction_id":${JSON.stringify(transaction)}`;
  return `${text}}`;
};

const noExtras: Omit<Extras, 'redactions'> = {
  membership: [],
  prevContents: new Map(),
  replaced: new Map(),
  transactions: new Map(),
  bundles: new Map(),
};

const extrasOf = async (
  look: Look,
  room: RoomRef,
  events: readonly StoredEvent[],
  options: RenderOptions,
  depth: BundleDepth,
): Promise<Extras> => {
  const { reading, tx, viewer } = look;
  const redactions = await redactionTexts(look, room, events, options);
  if (options.brief) return { ...noExtras, redactions };
  const standings = await reading.standings.after(tx, events, viewer.userId);
  const shown: number[] = [];
  const asked: number[] = [];
  const membership = standings.map((standing, index) => {
    const { replaces } = events[index]!;
    if (replaces !== null) (standing?.membership === 'join' ? shown : asked).push(replaces);
    return standing?.membership;
  });
  return {
    membership,
    replaced: await eventSendersOf(tx, [...shown, ...asked]),
    prevContents: await prevContents(look, room, shown, asked),
    redactions,
    transactions: await transactionIds(look, events),
    bundles:
      options.bundles === false || depth === 2
        ? new Map()
        : await bundlesOf(look, room, events, { options, depth, render: renderEvents }),
  };
};

/**
 * "only returned if the event is a state event, and the client has permission to see the previous event". Members have seen
 * the state in force while they were there (`shown`); of the others' events (`asked`) each is judged.
 */
const prevContents = async (
  look: Look,
  room: RoomRef,
  shown: readonly number[],
  asked: readonly number[],
): Promise<Map<number, string>> => {
  const { tx } = look;
  const contents = await contentsOf(tx, shown);
  if (asked.length === 0) return contents;
  const visible = await visibleEvents(look, room, await eventsByNid(tx, asked));
  for (const event of visible) contents.set(event.nid, event.content);
  return contents;
};

const redactionTexts = async (
  look: Look,
  room: RoomRef,
  events: readonly StoredEvent[],
  options: RenderOptions,
): Promise<Map<number, string>> => {
  const { tx } = look;
  const nids = events.flatMap(({ redactedBy }) => redactedBy ?? []);
  if (nids.length === 0) return new Map();
  // A redaction may be redacted in its turn: what redacted it is not told here, so there is no recursion.
  const redactions = (await eventsByNid(tx, nids)).map((event) => ({ ...event, redactedBy: null }));
  const { withoutRoomId } = options;
  const texts = await renderEvents(look, room, redactions, {
    bundles: false,
    ...(withoutRoomId && { withoutRoomId }),
  });
  return new Map(redactions.map(({ nid }, index) => [nid, texts[index]!]));
};

/** "if the client being given the event is the same one which sent it": the device. */
const transactionIds = async (
  { reading, tx, viewer }: Look,
  events: readonly StoredEvent[],
): Promise<Map<number, string>> => {
  const { user, device } = viewer;
  const found = new Map<number, string>();
  if (device === undefined) return found;
  const asked: StoredEvent[] = [];
  for (const event of events) {
    if (event.senderNid !== user) continue;
    const known = reading.memory.of(event)?.transaction;
    if (known === undefined) asked.push(event);
    else if (known?.device === device) found.set(event.nid, known.txnId);
  }
  if (asked.length === 0) return found;
  const nids = asked.map(({ nid }) => nid);
  const senders = await sendersOfEvents(tx, nids);
  for (const event of asked) {
    const sent = senders.get(event.nid);
    const remembered = reading.memory.of(event);
    if (remembered) remembered.transaction = sent ?? null;
    if (sent?.device === device) found.set(event.nid, sent.txnId);
  }
  return found;
};
