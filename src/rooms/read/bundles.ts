// Bundled aggregations: what other events say of an event, summed up in its `unsigned`.
// Client-Server API, "Aggregations of child events"; modules on event replacements, threading and references.

import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { eventsByNid, type StoredEvent } from '../../storage/stores/events.ts';
import { findUsers } from '../../storage/stores/names.ts';
import {
  type BundleCandidates,
  bundleCandidates,
  bundledTargets,
  countThreads,
  editsOf,
  type RelationScope,
  referencesOf,
  relationsMark,
  replacementsAmong,
} from '../../storage/stores/relations.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Look, RenderOptions } from './room-reader.ts';
import { visibleEvents } from './visible-events.ts';

/** References listed in one page; whoever needs more asks /relations. */
const REFERENCES_MAX = 1000;
/** Replacements of one event that are looked at when the most recent one is not valid. */
const EDITS_MAX = 50;

/** The m.relations objects as JSON texts, by event nid; events without relations are absent. */
export const bundlesOf = async (
  look: Look,
  room: RoomRef,
  events: readonly StoredEvent[],
  rendering: Rendering,
): Promise<Map<number, string>> => {
  // "State events do not currently receive bundled aggregations."
  const messages = events.filter(({ stateKey }) => stateKey === undefined);
  if (messages.length === 0) return new Map();
  const targets = await targetsAmong(look, room, messages);
  if (targets.size === 0) return new Map();
  const scope = await scopeOf(look, room);
  const candidates = await bundleCandidates(look.tx, scope, [...targets.keys()]);
  const page: Page = { look, room, rendering, scope, targets };
  const edits = await editTexts(page, candidates);
  const threads = rendering.depth === 0 ? await threadTexts(page, candidates) : new Map<number, string>();
  const references = await referenceTexts(page, candidates);
  const bundles = new Map<number, string>();
  for (const { target } of candidates) {
    const members: string[] = [];
    const edit = edits.get(target);
    if (edit !== undefined) members.push(`"m.replace":${edit}`);
    const thread = threads.get(target);
    if (thread !== undefined) members.push(`"m.thread":${thread}`);
    const reference = references.get(target);
    if (reference !== undefined) members.push(`"m.reference":${reference}`);
    if (members.length > 0) bundles.set(target, `{${members.join(',')}}`);
  }
  return bundles;
};

/** Those that others relate to, by nid. Of events in memory it is known until anything in the room relates to anything. */
const targetsAmong = async (
  { reading, tx }: Look,
  room: RoomRef,
  events: readonly StoredEvent[],
): Promise<Map<number, StoredEvent>> => {
  const mark = await relationsMark(tx, room.nid);
  const asked = new Map<number, StoredEvent>();
  for (const event of events) {
    const quietAt = reading.memory.of(event)?.quietAt;
    if (!quietAt || mark.last > quietAt.last || mark.first < quietAt.first) asked.set(event.nid, event);
  }
  if (asked.size === 0) return asked;
  const targets = new Set(await bundledTargets(tx, [...asked.keys()]));
  for (const [nid, event] of asked) {
    if (targets.has(nid)) continue;
    const remembered = reading.memory.of(event);
    if (remembered) remembered.quietAt = mark;
    asked.delete(nid);
  }
  return asked;
};

/** How deep a bundled event is in others: the latest event of a thread has bundles of its own, and those have none. */
export type BundleDepth = 0 | 1 | 2;

/** How the events are rendered that are bundled into others. */
export interface Rendering {
  readonly options: RenderOptions;
  readonly depth: BundleDepth;
  render(
    look: Look,
    room: RoomRef,
    events: readonly StoredEvent[],
    options: RenderOptions,
    depth: BundleDepth,
  ): Promise<string[]>;
}

interface Page {
  readonly look: Look;
  readonly room: RoomRef;
  readonly rendering: Rendering;
  readonly scope: RelationScope;
  readonly targets: ReadonlyMap<number, StoredEvent>;
}

/** Who has left is not told what was added since; ignored users' events "do not appear in the aggregation". */
export const scopeOf = async ({ reading, tx, viewer }: Look, room: RoomRef): Promise<RelationScope> => {
  const ignored = await reading.ignored.by(tx, viewer.user);
  const joinedUntil = await reading.standings.joinedUntil(tx, room.nid, viewer.user);
  return {
    room: room.nid,
    upTo: Number.isFinite(joinedUntil) ? joinedUntil : Number.MAX_SAFE_INTEGER,
    ignored: ignored.size === 0 ? [] : [...(await findUsers(tx, [...ignored])).values()],
  };
};

const loadVisible = async ({ look, room }: Page, nids: readonly number[]): Promise<readonly StoredEvent[]> =>
  visibleEvents(look, room, await eventsByNid(look.tx, nids));

const render = async (
  { look, room, rendering }: Page,
  events: readonly StoredEvent[],
  depth: BundleDepth,
): Promise<Map<number, string>> => {
  const { withoutRoomId, federationFormat } = rendering.options;
  const inner: RenderOptions = {
    ...(withoutRoomId && { withoutRoomId }),
    ...(federationFormat && { federationFormat }),
  };
  const texts = await rendering.render(look, room, events, inner, depth);
  return new Map(events.map(({ nid }, index) => [nid, texts[index]!]));
};

const editTexts = async (page: Page, candidates: readonly BundleCandidates[]): Promise<Map<number, string>> => {
  // "If the original event is redacted, any m.replace relationship should not be bundled with it."
  const edited = candidates.filter(
    ({ edit, target }) => edit !== null && page.targets.get(target)!.redactedBy === null,
  );
  if (edited.length === 0) return new Map();
  // "The original event must not, itself, have a rel_type of m.replace."
  const replacements = await replacementsAmong(
    page.look.tx,
    edited.map(({ target }) => target),
  );
  const wanted = edited.filter(({ target }) => !replacements.has(target));
  const loaded = await loadVisible(
    page,
    wanted.map(({ edit }) => edit!),
  );
  const byNid = new Map(loaded.map((event) => [event.nid, event]));
  const chosen = new Map<number, StoredEvent>();
  for (const { target, edit } of wanted) {
    const latest = byNid.get(edit!);
    const valid = latest && isValidEdit(latest) ? latest : await latestValidEdit(page, target);
    if (valid) chosen.set(target, valid);
  }
  const texts = await render(page, [...chosen.values()], 2);
  return new Map([...chosen].map(([target, edit]) => [target, texts.get(edit.nid)!]));
};

const latestValidEdit = async (page: Page, target: number): Promise<StoredEvent | undefined> => {
  const nids = await editsOf(page.look.tx, page.scope, { nid: target }, EDITS_MAX);
  const visible = await loadVisible(page, nids);
  const byNid = new Map(visible.map((event) => [event.nid, event]));
  return nids.map((nid) => byNid.get(nid)).find((event) => event !== undefined && isValidEdit(event));
};

/** "The replacement event (once decrypted, if appropriate) must have an m.new_content property." */
const isValidEdit = (edit: StoredEvent): boolean => {
  if (edit.type === 'm.room.encrypted') return true;
  const content = (JSON.parse(edit.content) as JsonObject)['m.new_content'];
  return typeof content === 'object' && content !== null && !Array.isArray(content);
};

const threadTexts = async (page: Page, candidates: readonly BundleCandidates[]): Promise<Map<number, string>> => {
  const roots = candidates.filter(({ threadLatest }) => threadLatest !== null);
  if (roots.length === 0) return new Map();
  const latest = await loadVisible(
    page,
    roots.map(({ threadLatest }) => threadLatest!),
  );
  const texts = await render(page, latest, 1);
  const eventIds = roots.map(({ target }) => page.targets.get(target)!.eventId);
  const counts = await countThreads(page.look.tx, page.scope, eventIds, page.look.viewer.user);
  const byRoot = new Map(counts.map((count) => [count.target, count]));
  return new Map(
    roots.flatMap(({ target, threadLatest }) => {
      const root = page.targets.get(target)!;
      const latestText = texts.get(threadLatest!);
      const count = byRoot.get(root.eventId);
      if (latestText === undefined || !count) return [];
      const participated = count.own > 0 || root.senderNid === page.look.viewer.user;
      const text = `{"count":${count.count},"current_user_participated":${participated},"latest_event":${latestText}}`;
      return [[target, text] as const];
    }),
  );
};

const referenceTexts = async (page: Page, candidates: readonly BundleCandidates[]): Promise<Map<number, string>> => {
  const referenced = candidates.filter(({ reference }) => reference !== null);
  if (referenced.length === 0) return new Map();
  const nidOf = new Map<EventId, number>(
    referenced.map(({ target }) => [page.targets.get(target)!.eventId, target] as const),
  );
  const references = await referencesOf(page.look.tx, page.scope, [...nidOf.keys()], REFERENCES_MAX);
  const visible = await loadVisible(
    page,
    references.map(({ event }) => event),
  );
  const seen = new Set(visible.map(({ nid }) => nid));
  const chunks = new Map<number, string[]>();
  for (const { target, event, eventId } of references) {
    if (!seen.has(event)) continue;
    const nid = nidOf.get(target)!;
    const chunk = chunks.get(nid);
    const text = `{"event_id":${JSON.stringify(eventId)}}`;
    if (chunk) chunk.push(text);
    else chunks.set(nid, [text]);
  }
  return new Map([...chunks].map(([nid, chunk]) => [nid, `{"chunk":[${chunk.join(',')}]}`]));
};
