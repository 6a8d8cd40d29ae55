// What an answer says of one room that the user is or was in: timeline, and the state around it.

import type { Filter } from '../../protocol/filters/parse-filter.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { Names } from '../../rooms/names.ts';
import { positionToken } from '../../rooms/read/position-token.ts';
import type { RenderOptions, RoomReader } from '../../rooms/read/room-reader.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { StateKeyPair } from '../../rooms/state/room-state.ts';
import type { NodeHash } from '../../rooms/state-tree/state-node.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import type { LazyMembers } from './lazy-members.ts';
import type { StateAfterKey, SyncViewer } from './request.ts';
import { entriesAt, rootAt, type StateDeps, type StateRoots, stateToTell } from './room-state.ts';
import type { StateTexts } from './state-texts.ts';
import { type TimelinePage, timelinePage } from './timeline.ts';

export interface RoomDeps extends StateDeps {
  readonly reader: RoomReader;
  readonly names: Names;
  readonly stateTexts: StateTexts;
  readonly lazyMembers: LazyMembers;
}

export interface RoomWanted {
  readonly viewer: SyncViewer;
  readonly filter: Filter;
  readonly useStateAfter: StateAfterKey | undefined;
  /** Timeline events have positions above this. */
  readonly after: number;
  /** The timeline's end, and the position of the state there. */
  readonly upTo: number;
  /** The position of the state that the client has; undefined: none. */
  readonly stateSince: number | undefined;
  /** The answer's position. */
  readonly now: number;
  /** The client must not join this timeline to what it has. */
  readonly startsAnew: boolean;
  /** Users whose members are listed in any case. */
  readonly membersNeeded: readonly UserId[];
  /** nid of an event that the viewer sees in any case. */
  readonly shown?: number;
  /** The user was not in the room: its state is none of their business. */
  readonly withoutState?: boolean;
}

export interface RoomAnswer {
  readonly page: TimelinePage;
  readonly roots: StateRoots;
  /** Texts of the state section's events. */
  readonly state: readonly string[];
  /** `"timeline":{…}` and `"state":{…}`, each without what is empty. */
  readonly members: readonly string[];
}

const renderOptions = (filter: Filter): RenderOptions => ({
  withoutRoomId: true,
  ...(filter.eventFormat === 'federation' && { federationFormat: true }),
  ...(filter.eventFields && { fields: filter.eventFields }),
});

/** undefined: the room's state at the end is not known. */
export const roomAnswer = async (
  deps: RoomDeps,
  tx: ReadTx,
  room: RoomRef,
  wanted: RoomWanted,
): Promise<RoomAnswer | undefined> => {
  const { viewer, filter } = wanted;
  const end = await rootAt(tx, room.nid, wanted.upTo);
  if (end === undefined) return undefined;
  const page = await timelinePage(deps.reader, tx, room, wanted, filter.room.timeline, viewer);
  const roots: StateRoots = {
    known: wanted.stateSince === undefined ? undefined : await rootAt(tx, room.nid, wanted.stateSince),
    start: page.start === wanted.upTo ? end : await rootAt(tx, room.nid, page.start),
    end,
  };
  const options = renderOptions(filter);
  const state = wanted.withoutState ? [] : await stateTexts(deps, tx, room, wanted, roots, page.events, options);
  const events = await deps.reader.render(tx, room, page.events, viewer, options);
  return { page, roots, state, members: sections(wanted, page, events, state) };
};

const sections = (
  { useStateAfter, startsAnew, stateSince }: RoomWanted,
  page: TimelinePage,
  events: readonly string[],
  state: readonly string[],
): string[] => {
  const parts: string[] = [];
  const limited = page.limited || startsAnew;
  if (events.length > 0 || limited || stateSince === undefined) {
    const token = JSON.stringify(positionToken(page.start));
    parts.push(`"timeline":{"events":[${events.join(',')}],"limited":${limited},"prev_batch":${token}}`);
  }
  if (useStateAfter !== undefined) parts.push(`"${useStateAfter}":{"events":[${state.join(',')}]}`);
  else if (state.length > 0 || stateSince === undefined) parts.push(`"state":{"events":[${state.join(',')}]}`);
  return parts;
};

const stateTexts = async (
  deps: RoomDeps,
  tx: ReadTx,
  room: RoomRef,
  wanted: RoomWanted,
  roots: StateRoots,
  events: readonly StoredEvent[],
  options: RenderOptions,
): Promise<string[]> => {
  const filter = wanted.filter.room.state;
  const atEnd = wanted.useStateAfter !== undefined;
  const lazy = filter.lazyLoadMembers;
  const nids = await stateToTell(deps, tx, { roots, timeline: events, atEnd, lazy });
  if (lazy)
    for (const nid of await lazyMembers(deps, tx, room, wanted, atEnd ? roots.end : roots.start, events)) nids.add(nid);
  return deps.stateTexts.of(tx, room, [...nids], filter, wanted.viewer, options);
};

/** Member events that are listed because the timeline or the summary names their users. */
const lazyMembers = async (
  deps: RoomDeps,
  tx: ReadTx,
  room: RoomRef,
  wanted: RoomWanted,
  root: NodeHash | undefined,
  events: readonly StoredEvent[],
): Promise<number[]> => {
  const { viewer, stateSince, now } = wanted;
  const users = new Set<UserId>(wanted.membersNeeded);
  for (const { sender } of events) users.add(sender);
  const pairs = [...users].map((userId): StateKeyPair => ['m.room.member', userId]);
  const keys = (await deps.names.findStateKeysIn(tx, pairs)).filter((key) => key !== undefined);
  const entries = await entriesAt(deps, tx, root, keys);
  const always = stateSince === undefined || wanted.filter.room.state.includeRedundantMembers;
  const needed: number[] = [];
  for (const [key, event] of entries) {
    if (always || !deps.lazyMembers.knows(viewer.device, room.nid, key, event, stateSince)) needed.push(event);
    deps.lazyMembers.told(viewer.device, room.nid, key, event, now);
  }
  for (const { type, stateKeyNid, nid } of events) {
    if (type === 'm.room.member' && stateKeyNid !== null) {
      deps.lazyMembers.told(viewer.device, room.nid, stateKeyNid, nid, now);
    }
  }
  return needed;
};
