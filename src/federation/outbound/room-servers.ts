// Which other servers are in a room, now or in any of its states: counted once from the members, then kept right by what
// differs between one state and the next.

import { LruCache } from '../../lib/lru-cache.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { bytesToHash } from '../../rooms/state/room-state.ts';
import { diffTrees, type EntryDifference } from '../../rooms/state-tree/diff-trees.ts';
import type { NodeSource } from '../../rooms/state-tree/fetch-nodes.ts';
import type { NodeHash } from '../../rooms/state-tree/state-node.ts';
import type { Database } from '../../storage/database.ts';
import { contentsOf } from '../../storage/stores/events.ts';
import { memberKeysAmong, serversOfPartialJoins, serversOfRoom } from '../../storage/stores/room-servers.ts';
import { roomById, roomByNid } from '../../storage/stores/rooms.ts';
import type { Stream } from '../../stream/stream.ts';

export interface RoomServersDeps {
  readonly db: Database;
  readonly stream: Stream;
  readonly serverName: ServerName;
  /** Reads the nodes of state trees. */
  readonly source: NodeSource;
}

export interface RoomServers {
  /** Servers with joined users in the room's current state, but this one; none for a room that is not known. */
  serversIn(roomId: RoomId): Promise<ReadonlySet<ServerName>>;
  /** The same by the room's nid in one of its states, named by its root. Throws DamagedStateError. */
  at(room: number, root: NodeHash): Promise<ReadonlySet<ServerName>>;
  /** The same in its current state, counted anew. */
  now(room: number): Promise<ReadonlySet<ServerName>>;
}

interface Snapshot {
  readonly root: NodeHash;
  /** Joined members by server; none of this server. */
  readonly counts: ReadonlyMap<ServerName, number>;
  readonly servers: ReadonlySet<ServerName>;
  /** The members are not all known or written yet: who counted them once would be wrong later. */
  readonly isPartial: boolean;
}

const ROOMS_MAX = 5000;
/** States of a room that are remembered: where it stands, and where who reads older events is. */
const SNAPSHOTS_MAX = 3;
/** Where more than this differ, as when the members of a large room become known, the current members are counted anew. */
const DIFFERENCES_MAX = 1000;

export const createRoomServers = ({ db, stream, serverName, source }: RoomServersDeps): RoomServers => {
  const known = new LruCache<number, readonly Snapshot[]>(ROOMS_MAX);
  const current = new LruCache<RoomId, { room: number; asOf: number; servers: ReadonlySet<ServerName> }>(ROOMS_MAX);

  const remember = (room: number, snapshot: Snapshot): Snapshot => {
    if (snapshot.isPartial) return snapshot;
    const others = (known.get(room) ?? []).filter(({ root }) => root !== snapshot.root);
    known.set(room, [snapshot, ...others.slice(0, SNAPSHOTS_MAX - 1)]);
    return snapshot;
  };

  const load = (room: number): Promise<Snapshot | undefined> =>
    db.read(async (tx) => {
      const stored = await roomByNid(tx, room);
      if (!stored) return undefined;
      const counts = new Map((await serversOfRoom(tx, room)).map(({ server, members }) => [server, members]));
      const { stateRoot, isPartial } = stored;
      return { root: bytesToHash(stateRoot), counts, servers: new Set(counts.keys()), isPartial };
    });

  const moved = async (room: number, from: Snapshot, root: NodeHash): Promise<Snapshot> => {
    const differences = await diffTrees(source, from.root, root);
    const counted = differences.length > DIFFERENCES_MAX ? await load(room) : undefined;
    if (counted?.root === root) return counted;
    const changes = await memberChanges(db, differences);
    const { counts, servers } = applied(from, changes, serverName);
    return { root, counts, servers, isPartial: from.isPartial };
  };

  const at: RoomServers['at'] = async (room, root) => {
    const snapshots = known.get(room);
    const snapshot = snapshots?.find((each) => each.root === root);
    if (snapshot) return snapshot.servers;
    const base = snapshots?.[0] ?? (await load(room));
    if (!base) return new Set();
    if (!snapshots) remember(room, base);
    return remember(room, base.root === root ? base : await moved(room, base, root)).servers;
  };

  return {
    at,
    async now(room) {
      const snapshot = await load(room);
      return snapshot ? remember(room, snapshot).servers : new Set();
    },
    async serversIn(roomId) {
      const last = current.get(roomId);
      if (last && stream.rooms.changedSince(last.room, last.asOf) === false) return last.servers;
      const asOf = stream.head;
      const found = await db.read(async (tx) => {
        const stored = await roomById(tx, roomId);
        return stored && { ...stored, told: (await serversOfPartialJoins(tx, [stored.nid])).get(stored.nid) };
      });
      if (!found) return new Set();
      const inState = await at(found.nid, bytesToHash(found.stateRoot));
      const servers = withTold(inState, found.told, serverName);
      current.set(roomId, { room: found.nid, asOf, servers });
      return servers;
    },
  };
};

/** With the servers that another one told of while the members of the room are not all known. */
export const withTold = (
  servers: ReadonlySet<ServerName>,
  told: readonly ServerName[] | undefined,
  own: ServerName,
): ReadonlySet<ServerName> => (told ? servers.union(new Set(told.filter((server) => server !== own))) : servers);

interface MemberChange {
  readonly server: ServerName;
  readonly delta: 1 | -1;
}

const memberChanges = async (db: Database, differences: readonly EntryDifference[]): Promise<MemberChange[]> => {
  if (differences.length === 0) return [];
  return db.read(async (tx) => {
    const users = await memberKeysAmong(
      tx,
      differences.map(({ key }) => key),
    );
    const members = differences.filter(({ key }) => users.has(key));
    const events = members.flatMap(({ before, after }) => [before, after].filter((nid) => nid !== undefined));
    const contents = await contentsOf(tx, events);
    const isJoin = (nid: number | undefined): boolean => nid !== undefined && isJoinContent(contents.get(nid));
    return members.flatMap(({ key, before, after }): MemberChange[] => {
      const [was, is] = [isJoin(before), isJoin(after)];
      return was === is ? [] : [{ server: serverOf(users.get(key)!), delta: is ? 1 : -1 }];
    });
  });
};

const isJoinContent = (content: string | undefined): boolean =>
  content !== undefined && (JSON.parse(content) as { membership?: unknown }).membership === 'join';

/** The very same sets where nothing changed, which is what most changes of state come to. */
const applied = (
  from: Snapshot,
  changes: readonly MemberChange[],
  own: ServerName,
): Pick<Snapshot, 'counts' | 'servers'> => {
  const others = changes.filter(({ server }) => server !== own);
  if (others.length === 0) return from;
  const counts = new Map(from.counts);
  let isSame = true;
  for (const { server, delta } of others) {
    const before = counts.get(server) ?? 0;
    const now = before + delta;
    if (before <= 0 !== now <= 0) isSame = false;
    if (now === 0) counts.delete(server);
    else counts.set(server, now);
  }
  return { counts, servers: isSame ? from.servers : new Set([...counts].flatMap(([s, n]) => (n > 0 ? [s] : []))) };
};
