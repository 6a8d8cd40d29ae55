// How stories begin: users of all servers have come into one room. That is a third of the work of a story and goes the same way
// each time, so it is played once for some seeds that follow each other; each of them goes on from copies of the servers' disks.

import type { RoomId } from '../../src/protocol/ids/branded.ts';
import { type SeededRandom, seededRandom } from '../harness/seeded-random.ts';
import type { Player } from './deeds.ts';
import { liarsTongue } from './liar.ts';
import { reseed } from './seeded-chance.ts';
import { type Being, SimulatedServer, type SimulatedUser, type World } from './simulated-server.ts';
import { VirtualNetwork } from './virtual-network.ts';
import { VirtualTime } from './virtual-time.ts';

export interface Role extends Being {
  readonly isLiar: boolean;
}

export interface Opening {
  readonly versionId: string;
  readonly roomId: RoomId;
  readonly elapsedMs: number;
  readonly cast: readonly {
    readonly role: Role;
    readonly users: readonly SimulatedUser[];
    readonly disk: Uint8Array;
  }[];
}

const STORIES_OF_ONE = 10;
const VERSIONS = ['6', '9', '10', '11', '12', '12'];
/** Of servers, rounded down. */
const LIARS_SHARE = 0.2;
const SKEW_MS_MAX = 20_000;

export const calm = { lostShare: 0, repeatedShare: 0, delayMsMax: 100 };

interface Entrance {
  readonly versionId: string;
  readonly random: SeededRandom;
  readonly disk?: Uint8Array;
}

/** A server comes onto the network and is started. */
export const enter = async (world: World, role: Role, entrance: Entrance): Promise<SimulatedServer> => {
  const { versionId, random, disk } = entrance;
  const { name, isLiar } = role;
  const server = new SimulatedServer(role, world, disk);
  const tongue = isLiar ? liarsTongue(name, server.signingKey, versionId, random.fork(name)) : undefined;
  world.network.add(name, () => ({ name, listener: server.listener }), tongue);
  await server.start();
  return server;
};

/** A room of the first player's into which all the others come. */
const openRoom = async ({ time }: World, players: readonly Player[], versionId: string): Promise<RoomId> => {
  const [owner, ...guests] = players as [Player, ...Player[]];
  const none = { creationContent: {}, initialState: [], powerLevels: {}, invite: [], isDirect: false };
  const { parts } = owner.server;
  const { roomId } = await parts.membership.createRoom(owner.user, { ...none, isPublic: true, roomVersion: versionId });
  const via = [parts.identity.serverName];
  const coming = guests.map(({ server, user }) => server.parts.membership.join(user, roomId, {}, { via }));
  const [come] = await Promise.all([Promise.allSettled(coming), time.pass(120_000)]);
  for (const each of come) if (each.status === 'rejected') throw each.reason;
  // Their joins, which stand beside each other, meet before anybody sets rules by which they might be judged anew.
  const hello = { type: 'm.room.message', sender: owner.user.userId, content: { body: 'Hello' } };
  await parts.rooms.send(roomId, hello);
  await time.pass(60_000);
  return roomId;
};

const play = async (random: SeededRandom, count: number): Promise<Opening> => {
  const time = new VirtualTime();
  const network = new VirtualNetwork(time, random.fork('network'), calm);
  const world: World = { time, network, logLevel: 'silent' };
  const versionId = random.pick(VERSIONS);
  const liars = Math.floor(count * LIARS_SHARE);
  await using stack = new AsyncDisposableStack();
  const cast: { role: Role; server: SimulatedServer; users: SimulatedUser[] }[] = [];
  for (let index = 0; index < count; index++) {
    const skewMs = random.between(-SKEW_MS_MAX, SKEW_MS_MAX);
    const role = { name: `s${index}.sim:1`, skewMs, isLiar: index >= count - liars };
    cast.push({ role, server: stack.use(await enter(world, role, { versionId, random })), users: [] });
  }
  for (const { server, users } of cast) {
    for (const name of ['ann', 'bob'].slice(0, random.between(1, 2))) users.push(await server.person(name));
  }
  const players = cast.flatMap(({ server, users }) => users.map((user) => ({ server, user })));
  const roomId = await openRoom(world, players, versionId);
  const copies = cast.map(({ role, server, users }) => ({ role, users, disk: server.copyDisk() }));
  return { versionId, roomId, elapsedMs: time.elapsedMs, cast: copies };
};

let latest: { readonly key: string; readonly opening: Promise<Opening> } | undefined;

/** The beginning of the story of this seed. Chance is to be seeded anew after it. */
export const openingOf = (seed: number, servers: number): Promise<Opening> => {
  const number = Math.floor(seed / STORIES_OF_ONE);
  const key = `${number} ${servers}`;
  if (latest?.key !== key) {
    reseed(number);
    latest = { key, opening: play(seededRandom(number).fork('opening'), servers) };
  }
  return latest.opening;
};
