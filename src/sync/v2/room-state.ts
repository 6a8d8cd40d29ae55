// Which state events an answer lists for a room, so that the client's idea of the room's state becomes the server's.

import type { RoomState } from '../../rooms/state/room-state.ts';
import { bytesToHash } from '../../rooms/state/room-state.ts';
import { diffTrees } from '../../rooms/state-tree/diff-trees.ts';
import { allEntries, getEntries } from '../../rooms/state-tree/read-entries.ts';
import type { NodeHash } from '../../rooms/state-tree/state-node.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import { stateAt } from '../../storage/stores/sync-rooms.ts';
import type { MemberKeys } from './member-keys.ts';

/** State-key nid → event nid. */
export type Changes = Map<number, number>;

export interface StateRoots {
  /** What the client has; undefined: nothing. */
  readonly known: NodeHash | undefined;
  /** Just before the timeline; undefined: the timeline begins with the room. */
  readonly start: NodeHash | undefined;
  /** After the timeline. */
  readonly end: NodeHash | undefined;
}

export interface RoomStateAt {
  /** Since which stream position this has been the room's current state. */
  readonly position: number;
  readonly root: NodeHash;
}

/** undefined: the room did not exist then. */
export const roomStateAt = async (tx: ReadTx, room: number, position: number): Promise<RoomStateAt | undefined> => {
  const found = await stateAt(tx, room, position);
  return found && { position: found.position, root: bytesToHash(found.root) };
};

/** As roomStateAt, when the state at a position that is not earlier than `later` is known to be that. */
export const rootBefore = async (
  tx: ReadTx,
  room: number,
  position: number,
  later: RoomStateAt,
): Promise<NodeHash | undefined> =>
  position >= later.position ? later.root : (await roomStateAt(tx, room, position))?.root;

/** What to set, to get from one state to the other; undefined is the state of nothing. */
const changesBetween = async (
  state: RoomState,
  tx: ReadTx,
  from: NodeHash | undefined,
  to: NodeHash | undefined,
): Promise<Changes> => {
  if (from === to || to === undefined) return new Map();
  const source = state.sourceIn(tx);
  if (from === undefined) return allEntries(source, to);
  const changes: Changes = new Map();
  for (const { key, after } of await diffTrees(source, from, to)) if (after !== undefined) changes.set(key, after);
  return changes;
};

export interface StateDeps {
  readonly state: RoomState;
  readonly memberKeys: MemberKeys;
}

export interface StateWanted {
  readonly roots: StateRoots;
  readonly timeline: readonly StoredEvent[];
  /** The state at the timeline's end (`state_after`) instead of its start. */
  readonly atEnd: boolean;
  /** Members are listed only where they are needed. */
  readonly lazy: boolean;
}

/** The state to list; members to be loaded lazily come on top. */
export const stateToTell = async (deps: StateDeps, tx: ReadTx, wanted: StateWanted): Promise<Changes> => {
  const { start, end } = wanted.roots;
  if (wanted.atEnd) return new Map(await changesTo(deps, tx, wanted, end));
  const told = new Map(await changesTo(deps, tx, wanted, start));
  for (const [key, nid] of await unseenChanges(deps, tx, wanted)) told.set(key, nid);
  return told;
};

const changesTo = async (
  deps: StateDeps,
  tx: ReadTx,
  { roots: { known }, lazy }: StateWanted,
  to: NodeHash | undefined,
): Promise<Iterable<[number, number]>> => {
  if (known === undefined && lazy) return to === undefined ? [] : deps.memberKeys.withoutMembers(tx, to);
  return changesBetween(deps.state, tx, known, to);
};

/** Changes after the timeline's start that no event of the timeline shows: by state resolution, or because a filter left them out. */
const unseenChanges = async (
  deps: StateDeps,
  tx: ReadTx,
  wanted: StateWanted,
): Promise<readonly (readonly [number, number])[]> => {
  const { known, start, end } = wanted.roots;
  const shown = new Set(wanted.timeline.flatMap(({ stateKeyNid }) => stateKeyNid ?? []));
  const changes = await changesBetween(deps.state, tx, start, end);
  const unseen = [...changes].filter(([key]) => !shown.has(key));
  if (unseen.length === 0 || !wanted.lazy || known !== undefined) return unseen;
  const members = await deps.memberKeys.among(
    tx,
    unseen.map(([key]) => key),
  );
  return unseen.filter(([key]) => !members.has(key));
};

/** The entries under some keys: state-key nid → event nid. */
export const entriesAt = (
  deps: StateDeps,
  tx: ReadTx,
  root: NodeHash | undefined,
  keys: readonly number[],
): Promise<Changes> =>
  root === undefined ? Promise.resolve(new Map()) : getEntries(deps.state.sourceIn(tx), root, keys);
