// How a viewer stands to events: what history visibility was in force, and what their own membership was.
// Both come from the state after each event, and are the same for a whole stretch of messages.

import { LruCache } from '../../lib/lru-cache.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { type HistoryVisibility, historyVisibility } from '../../protocol/visibility/history-visibility.ts';
import type { ReadTx } from '../../storage/database.ts';
import { contentsOf, type StoredEvent } from '../../storage/stores/events.ts';
import { membershipOf } from '../../storage/stores/memberships.ts';
import { lastJoinEnd } from '../../storage/stores/room-history.ts';
import type { Names } from '../names.ts';
import { bytesToHash, type RoomState } from '../state/room-state.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { EventMemory } from './event-memory.ts';

export interface Standing {
  readonly visibility: HistoryVisibility;
  /** 'leave' where there is no m.room.member event. */
  readonly membership: string;
}

export interface Standings {
  /** The standing after each event, in order; undefined where the state at the event is not known. */
  after(tx: ReadTx, events: readonly StoredEvent[], userId: UserId): Promise<(Standing | undefined)[]>;
  /** What m.room.member or m.room.history_visibility events say, by their nids. */
  said(tx: ReadTx, events: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Until which stream position the user was joined: Infinity for a member, -Infinity for one who never was. */
  joinedUntil(tx: ReadTx, room: number, user: number): Promise<number>;
}

/** Words remembered, about 60 bytes each. Redaction keeps both, so they never change. */
const WORDS_MAX = 100_000;
/** Former members remembered. */
const ENDS_MAX = 20_000;

const VISIBILITY = ['m.room.history_visibility', ''] as const;

export const createStandings = (deps: { state: RoomState; names: Names; memory: EventMemory }): Standings => {
  const words = new LruCache<number, string>(WORDS_MAX);
  const ends = new LruCache<number, number>(ENDS_MAX);

  const said: Standings['said'] = async (tx, events) => {
    const found = new Map<number, string>();
    const absent: number[] = [];
    for (const nid of events) {
      const word = words.get(nid);
      if (word === undefined) absent.push(nid);
      else found.set(nid, word);
    }
    if (absent.length === 0) return found;
    for (const [nid, content] of await contentsOf(tx, absent)) {
      const word = wordOf(JSON.parse(content) as JsonObject);
      words.set(nid, word);
      found.set(nid, word);
    }
    return found;
  };

  return {
    said,
    async after(tx, events, userId) {
      const keys = await deps.names.findStateKeysIn(tx, [VISIBILITY, ['m.room.member', userId]]);
      const roots = events.map((event) => rootOf(event, deps.memory));
      const entries = new Map<NodeHash, readonly (number | undefined)[]>();
      const source = deps.state.sourceIn(tx);
      const wanted = keys.filter((key) => key !== undefined);
      for (const root of new Set(roots)) {
        if (root === null) continue;
        const found = await getEntries(source, root, wanted);
        entries.set(
          root,
          keys.map((key) => (key === undefined ? undefined : found.get(key))),
        );
      }
      const nids = new Set([...entries.values()].flat().filter((nid) => nid !== undefined));
      const sayings = await said(tx, [...nids]);
      const standings = new Map<NodeHash, Standing>();
      for (const [root, [visibility, member]] of entries) {
        standings.set(root, {
          visibility: visibilityOf(visibility === undefined ? undefined : sayings.get(visibility)),
          membership: (member === undefined ? undefined : sayings.get(member)) ?? 'leave',
        });
      }
      return roots.map((root) => (root === null ? undefined : standings.get(root)));
    },
    async joinedUntil(tx, room, user) {
      const current = await membershipOf(tx, user, room);
      if (!current) return Number.NEGATIVE_INFINITY;
      if (current.membership === 'join') return Number.POSITIVE_INFINITY;
      const known = ends.get(current.event);
      if (known !== undefined) return known;
      const end = await lastJoinEnd(tx, current.event, async (nid) => (await said(tx, [nid])).get(nid) === 'join');
      ends.set(current.event, end);
      return end;
    },
  };
};

const rootOf = (event: StoredEvent, memory: EventMemory): NodeHash | null => {
  if (!event.stateRoot) return null;
  const remembered = memory.of(event);
  if (!remembered) return bytesToHash(event.stateRoot);
  remembered.root ??= bytesToHash(event.stateRoot);
  return remembered.root;
};

const wordOf = ({ membership, history_visibility: visibility }: JsonObject): string =>
  typeof membership === 'string' ? membership : typeof visibility === 'string' ? visibility : '';

/** `word`: what `said` gives for the event in force. */
export const visibilityOf = (word: string | undefined): HistoryVisibility =>
  historyVisibility(word === undefined ? undefined : { history_visibility: word });
