// What a server that joined a room is told of it: the state before the join with its auth chain, streamed.
// Server-Server API, "PUT /_matrix/federation/v2/send_join".

import { present } from '../../../lib/assert.ts';
import { slicesOf } from '../../../lib/slices-of.ts';
import { canonicalJson } from '../../../protocol/canonical-json/canonical-json.ts';
import type { ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import type { RoomRef } from '../../../rooms/room-ref.ts';
import { bytesToHash } from '../../../rooms/state/room-state.ts';
import { contentsOf, eventById, eventsByNid, type StoredEvent } from '../../../storage/stores/events.ts';
import { memberKeysAmong } from '../../../storage/stores/room-servers.ts';
import type { AuthChains } from '../../serving/auth-chains.ts';
import { pduText } from '../../serving/event-views.ts';
import type { HandshakeDeps } from '../deps.ts';
import type { TakenMember } from './take-member.ts';

/** Events of a large room in memory at once. */
const CHUNK = 500;
/** Client-Server API, m.heroes: "the first 5 users". */
const HEROES_MAX = 5;

export type JoinAnswerDeps = HandshakeDeps & { readonly authChains: AuthChains };

interface ToldState {
  /** nids. */
  readonly state: readonly number[];
  readonly authChain: readonly number[];
  /** Those with joined users, if members are left out. */
  readonly servers: readonly ServerName[];
}

/** The parts of the answer's JSON text. `omitsMembers`: only what a partial join needs. */
export async function* joinAnswer(
  deps: JoinAnswerDeps,
  { room, event }: TakenMember,
  omitsMembers: boolean,
): AsyncIterable<string> {
  const told = await toldState(deps, room, event.event.eventId, omitsMembers);
  yield `{"origin":${JSON.stringify(deps.serverName)},"event":${canonicalJson(event.pdu, 'lossless')}`;
  yield `,"members_omitted":${omitsMembers}`;
  if (omitsMembers) yield `,"servers_in_room":${JSON.stringify(told.servers)}`;
  yield ',"state":[';
  yield* pdus(deps, room, told.state);
  yield '],"auth_chain":[';
  yield* pdus(deps, room, told.authChain);
  yield ']}';
}

const toldState = async (
  deps: JoinAnswerDeps,
  room: RoomRef,
  eventId: string,
  omitsMembers: boolean,
): Promise<ToldState> => {
  const { db, rooms, authChains } = deps;
  const stored = present(await db.read((tx) => eventById(tx, eventId)), 'the join is stored');
  const entries = await rooms.state.entries(bytesToHash(present(stored.stateRoot, 'its state is known')));
  const key = present(stored.stateKeyNid, 'a join is state');
  // The tree is that of the state after the join.
  if (entries.get(key) === stored.nid) {
    if (stored.replaces === null) entries.delete(key);
    else entries.set(key, stored.replaces);
  }
  if (!omitsMembers) {
    const state = [...entries.values()];
    return { state, authChain: [...(await authChains.of(room, state))], servers: [] };
  }
  const members = await db.read((tx) => memberKeysAmong(tx, [...entries.keys()]));
  const kept = [...entries].filter(([each]) => !members.has(each)).map(([, nid]) => nid);
  const state = [...kept, ...(await heroes(deps, entries, members, stored.sender))];
  const inState = new Set(state);
  // "redundant events are omitted from auth_chain"
  // What the join stands upon as well: the members in it are not in the state that is told.
  const chain = await authChains.of(room, [...state, stored.nid]);
  const authChain = [...chain].filter((nid) => !inState.has(nid));
  return { state, authChain, servers: await serversBefore(deps, room, entries, members, stored) };
};

/** "The servers in the room before the join": that of who joins only where another of its users was joined. */
const serversBefore = async (
  { db, roomServers, serverName }: JoinAnswerDeps,
  room: RoomRef,
  before: ReadonlyMap<number, number>,
  members: ReadonlyMap<number, UserId>,
  join: StoredEvent,
): Promise<ServerName[]> => {
  const theirs = serverOf(join.sender);
  const nids = [...members].flatMap(([key, userId]) => (serverOf(userId) === theirs ? before.get(key)! : []));
  const contents = await db.read((tx) => contentsOf(tx, nids));
  const wasThere = [...contents.values()].some(
    (content) => (JSON.parse(content) as { membership?: unknown }).membership === 'join',
  );
  const after = await roomServers.at(room.nid, bytesToHash(present(join.stateRoot, 'its state is known')));
  return [serverName, ...[...after].filter((server) => server !== theirs || wasThere)];
};

/** "If the room to be joined has no m.room.name nor m.room.canonical_alias events …, the members … of m.heroes." */
const heroes = async (
  { db, rooms }: JoinAnswerDeps,
  entries: ReadonlyMap<number, number>,
  members: ReadonlyMap<number, UserId>,
  joining: string,
): Promise<number[]> => {
  const named = await rooms.names.findStateKeys([
    ['m.room.name', ''],
    ['m.room.canonical_alias', ''],
  ]);
  if (named.some((key) => key !== undefined && entries.has(key))) return [];
  const found: number[] = [];
  for (const key of members.keys()) {
    const nid = entries.get(key)!;
    const [member] = await db.read((tx) => eventsByNid(tx, [nid]));
    const { membership } = JSON.parse(member!.content) as { membership?: unknown };
    if (member!.stateKey !== joining && (membership === 'join' || membership === 'invite')) found.push(nid);
    if (found.length === HEROES_MAX) break;
  }
  return found;
};

async function* pdus({ db }: JoinAnswerDeps, room: RoomRef, nids: readonly number[]): AsyncIterable<string> {
  let separator = '';
  for (const some of slicesOf(nids, CHUNK)) {
    const events = await db.read((tx) => eventsByNid(tx, some));
    yield separator + events.map((event) => pduText(event, room, 'whole')).join(',');
    separator = ',';
  }
}
