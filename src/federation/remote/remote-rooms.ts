// Rooms that this server is not in, as servers that are in them tell of them: for spaces and summaries.
// Server-Server API, GET /hierarchy.

import type { Clock } from '../../lib/clock.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { singleFlight } from '../../lib/single-flight.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import { asJsonList, isJsonObject, type Json, type JsonObject } from '../../protocol/events/json.ts';
import type { RoomAlias, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isRoomId } from '../../protocol/ids/room-id.ts';
import { isServerName } from '../../protocol/ids/server-name.ts';
import type { RemoteRoom, RemoteRooms, ResolvedAlias } from '../../rooms/ports.ts';
import type { RoomFacts } from '../../rooms/spaces/room-facts.ts';
import { childOf, inOrder } from '../../rooms/spaces/space-children.ts';

export interface RemoteRoomsDeps {
  readonly peers: Pick<Peers, 'call' | 'isLeftAlone'>;
  readonly clock: Clock;
  readonly serverName: ServerName;
}

const TIMEOUT_MS = 10_000;
const ANSWER_SIZE_BYTES_MAX = 8 * 1024 * 1024;
/** A room may name thousands of servers. */
const ALIAS_SIZE_BYTES_MAX = 1024 * 1024;
const FRESH_MS = 60_000;
const ROOMS_MAX = 1_000;
const CHILDREN_MAX = 1_000;
/** Servers asked for one room, one after the other. */
const SERVERS_MAX = 3;

interface Known {
  readonly room: RemoteRoom;
  readonly untilMs: number;
}

export const createRemoteRooms = (deps: RemoteRoomsDeps): RemoteRooms => {
  const { peers, clock, serverName } = deps;
  const known = new LruCache<RoomId, Known>(ROOMS_MAX);
  const flights = singleFlight<RoomId, RemoteRoom | undefined>();

  const askOne = async (destination: ServerName, roomId: RoomId): Promise<RemoteRoom | undefined> => {
    try {
      const answer = await peers.call({
        destination,
        method: 'GET',
        path: `/_matrix/federation/v1/hierarchy/${encodeURIComponent(roomId)}`,
        timeoutMs: TIMEOUT_MS,
        responseSizeBytesMax: ANSWER_SIZE_BYTES_MAX,
      });
      return remoteRoom(answer.json(), roomId);
    } catch (error) {
      if (error instanceof PeerError) return undefined;
      throw error;
    }
  };

  const ask = async (roomId: RoomId, via: readonly ServerName[]): Promise<RemoteRoom | undefined> => {
    const servers = [...new Set(via)].filter((server) => server !== serverName && !peers.isLeftAlone(server));
    for (const server of servers.slice(0, SERVERS_MAX)) {
      const room = await askOne(server, roomId);
      if (room) return room;
    }
    return undefined;
  };

  return {
    async of(roomId, via) {
      const before = known.get(roomId);
      if (before && before.untilMs > clock.monotonic()) return before.room;
      const room = await flights.run(roomId, () => ask(roomId, via));
      if (room) known.set(roomId, { room, untilMs: clock.monotonic() + FRESH_MS });
      return room;
    },
    resolve: (alias) => (serverOf(alias) === serverName ? Promise.resolve(undefined) : resolveAt(peers, alias)),
  };
};

const resolveAt = async (peers: Pick<Peers, 'call'>, alias: RoomAlias): Promise<ResolvedAlias | undefined> => {
  try {
    const answer = await peers.call({
      destination: serverOf(alias),
      method: 'GET',
      path: '/_matrix/federation/v1/query/directory',
      query: { room_alias: alias },
      timeoutMs: TIMEOUT_MS,
      responseSizeBytesMax: ALIAS_SIZE_BYTES_MAX,
      ignoresBackOff: true,
    });
    const { room_id: roomId, servers } = answer.json();
    if (typeof roomId !== 'string' || !isRoomId(roomId)) return undefined;
    const named = asJsonList(servers).filter((server) => typeof server === 'string' && isServerName(server));
    return { roomId, servers: named as ServerName[] };
  } catch (error) {
    if (error instanceof PeerError) return undefined;
    throw error;
  }
};

/** undefined: it tells of another room, or of none. */
const remoteRoom = (answer: JsonObject, roomId: RoomId): RemoteRoom | undefined => {
  const facts = factsOf(answer.room);
  if (facts?.summary.room_id !== roomId) return undefined;
  const children = new Map<RoomId, RoomFacts>();
  for (const child of asJsonList(answer.children).slice(0, CHILDREN_MAX)) {
    const told = factsOf(child);
    if (told) children.set(told.summary.room_id as RoomId, told);
  }
  const inaccessible = asJsonList(answer.inaccessible_children).filter((id) => typeof id === 'string' && isRoomId(id));
  return { facts, children, inaccessible: new Set(inaccessible as RoomId[]) };
};

const texts = ['name', 'topic', 'canonical_alias', 'avatar_url', 'room_type', 'room_version', 'encryption'];

/** Only what the specification knows, and of the right type: it is passed on to clients. */
const factsOf = (value: Json | undefined): RoomFacts | undefined => {
  if (!isJsonObject(value)) return undefined;
  const { room_id: roomId, num_joined_members: members, join_rule: rule } = value;
  if (typeof roomId !== 'string' || !isRoomId(roomId)) return undefined;
  const joinRule = typeof rule === 'string' ? rule : 'public';
  const isWorldReadable = value.world_readable === true;
  const allowed = asJsonList(value.allowed_room_ids).filter((id) => typeof id === 'string' && isRoomId(id)) as RoomId[];
  const summary: JsonObject = {
    room_id: roomId,
    num_joined_members: Number.isSafeInteger(members) ? members! : 0,
    join_rule: joinRule,
    world_readable: isWorldReadable,
    guest_can_join: value.guest_can_join === true,
    ...(allowed.length > 0 && { allowed_room_ids: allowed }),
    ...Object.fromEntries(texts.flatMap((key) => (typeof value[key] === 'string' ? [[key, value[key]]] : []))),
  };
  const children = asJsonList(value.children_state).slice(0, CHILDREN_MAX).flatMap(childStateOf).sort(inOrder);
  return { summary, joinRule, isWorldReadable, allowed, children };
};

const childStateOf = (value: Json) => {
  if (!isJsonObject(value)) return [];
  const { type, state_key: stateKey, sender, content, origin_server_ts: originServerTs } = value;
  if (type !== 'm.space.child' || typeof stateKey !== 'string' || typeof sender !== 'string') return [];
  if (!isJsonObject(content) || !Number.isSafeInteger(originServerTs)) return [];
  const text = JSON.stringify({ type, state_key: stateKey, sender, content, origin_server_ts: originServerTs });
  return childOf({ roomId: stateKey, content, originServerTs: originServerTs as number, text });
};
