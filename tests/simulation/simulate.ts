// One simulation: servers that share rooms over a bad network, some of them lying; then quiet, and what they agree on.

import type { LogLevel } from '../../src/lib/log.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { RoomId } from '../../src/protocol/ids/branded.ts';
import { type SeededRandom, seededRandom } from '../harness/seeded-random.ts';
import { type Agreement, compareHonest, isResident } from './agreement.ts';
import { deed, type Player, type Stage, type Temper } from './deeds.ts';
import { liarsTongue } from './liar.ts';
import { SimulatedServer, type World } from './simulated-server.ts';
import { VirtualNetwork } from './virtual-network.ts';
import { VirtualTime } from './virtual-time.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly servers: number;
  readonly deeds: number;
  readonly logLevel: LogLevel;
}

export interface SimulationResult extends Agreement {
  readonly outcomes: ReadonlyMap<string, number>;
  readonly requests: number;
  readonly virtualMs: number;
}

const VERSIONS = ['6', '9', '10', '11', '12', '12'];
/** Of servers, rounded down. */
const LIARS_SHARE = 0.2;
const SKEW_MS_MAX = 20_000;
const stormy = { lostShare: 0.05, repeatedShare: 0.05, delayMsMax: 2_000 };
const calm = { lostShare: 0, repeatedShare: 0, delayMsMax: 100 };
/** Longer than the longest back-off that a storm can bring about. */
const QUIET_MS = 2 * 3_600_000;
const ROUNDS_OF_PEACE = 3;

interface Cast {
  readonly servers: readonly SimulatedServer[];
  readonly honest: readonly SimulatedServer[];
  readonly players: readonly Player[];
}

const cast = async (world: World, random: SeededRandom, count: number, versionId: string): Promise<Cast> => {
  const liars = Math.floor(count * LIARS_SHARE);
  const servers: SimulatedServer[] = [];
  for (let index = 0; index < count; index++) {
    const server = new SimulatedServer(`s${index}.sim:1`, world, random.between(-SKEW_MS_MAX, SKEW_MS_MAX));
    const isLiar = index >= count - liars;
    const tongue = isLiar
      ? liarsTongue(server.name, server.signingKey, versionId, random.fork(server.name))
      : undefined;
    world.network.add(server.name, () => ({ name: server.name, listener: server.listener }), tongue);
    await server.start();
    servers.push(server);
  }
  const players: Player[] = [];
  for (const server of servers) {
    for (const name of ['ann', 'bob'].slice(0, random.between(1, 2))) {
      players.push({ server, user: await server.person(name) });
    }
  }
  return { servers, honest: servers.slice(0, count - liars), players };
};

/** A room of the first player's into which all the others come. */
const openRoom = async (world: World, { players }: Cast, versionId: string): Promise<RoomId> => {
  const [owner, ...guests] = players as [Player, ...Player[]];
  const none = { creationContent: {}, initialState: [], powerLevels: {}, invite: [], isDirect: false };
  const { parts } = owner.server;
  const room = await parts.membership.createRoom(owner.user, { ...none, isPublic: true, roomVersion: versionId });
  const via = [parts.identity.serverName];
  const coming = guests.map(({ server, user }) => server.parts.membership.join(user, room.roomId, {}, { via }));
  const [come] = await Promise.all([Promise.allSettled(coming), world.time.pass(120_000)]);
  for (const each of come) if (each.status === 'rejected') throw each.reason;
  // Their joins, which stand beside each other, meet before anybody sets rules by which they might be judged anew.
  await parts.rooms.send(room.roomId, {
    type: 'm.room.message',
    sender: owner.user.userId,
    content: { body: 'Hello' },
  });
  await world.time.pass(60_000);
  return room.roomId;
};

/** Who may fight: some of the guests get as much power as the owner, or half of it. */
const arm = async (world: World, { players }: Cast, roomId: RoomId, random: SeededRandom): Promise<void> => {
  const [owner, ...guests] = players as [Player, ...Player[]];
  const { rooms } = owner.server.parts;
  const content = (await (await rooms.view(roomId)).get('m.room.power_levels'))?.content ?? {};
  const armed = guests.filter(() => random.chance(0.4)).map(({ user }) => [user.userId, random.pick([50, 100])]);
  const users = { ...(content.users as JsonObject | undefined), ...Object.fromEntries(armed) };
  const event = { type: 'm.room.power_levels', stateKey: '', sender: owner.user.userId };
  await rooms.sendState(roomId, { ...event, content: { ...content, users } });
  await world.time.pass(60_000);
};

/** Now and then the network parts or heals, or a server dies or comes back. */
const disturb = async ({ network }: World, { servers }: Cast, random: SeededRandom): Promise<void> => {
  const lot = random.below(100);
  if (lot < 2) network.part(new Map(servers.map(({ name }) => [name, random.below(2)])));
  else if (lot < 5) network.part(new Map());
  else if (lot < 7) random.pick(servers).kill();
  else if (lot < 12) for (const server of servers) if (!server.isUp && random.chance(0.7)) await server.start();
};

/** Everybody who is still in the room says something, so that all of its branches meet. */
const speakUp = async (honest: readonly SimulatedServer[], stage: Stage): Promise<void> => {
  for (const { server, user } of stage.players) {
    if (!honest.includes(server)) continue;
    for (const roomId of stage.rooms) {
      if (!(await isResident(server, roomId))) continue;
      const content = { msgtype: 'm.text', body: 'peace' };
      const message = { type: 'm.room.message', sender: user.userId, content };
      await server.parts.rooms.send(roomId, message).then(
        () => stage.count('peace'),
        () => stage.count('no peace'),
      );
    }
  }
};

export const simulate = async ({ seed, servers, deeds, logLevel }: SimulationOptions): Promise<SimulationResult> => {
  const random = seededRandom(seed);
  const time = new VirtualTime();
  const network = new VirtualNetwork(time, random.fork('network'), calm);
  const world: World = { time, network, logLevel };
  const versionId = random.pick(VERSIONS);
  const temper: Temper = random.chance(0.5) ? 'warlike' : 'peaceful';
  const actors = await cast(world, random, servers, versionId);
  await using stack = new AsyncDisposableStack();
  for (const server of actors.servers) stack.use(server);
  const rooms = [await openRoom(world, actors, versionId)];
  if (temper === 'warlike') await arm(world, actors, rooms[0]!, random);
  const outcomes = new Map<string, number>();
  const count = (outcome: string): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const stage: Stage = { players: actors.players, rooms, random, count };
  network.options = stormy;
  const running: Promise<void>[] = [];
  for (let done = 0; done < deeds; done++) {
    running.push(deed(stage, temper));
    await time.pass(random.below(1_500));
    await disturb(world, actors, random);
  }
  network.options = calm;
  network.part(new Map());
  for (const server of actors.servers) if (!server.isUp) await server.start();
  await time.pass(QUIET_MS);
  for (let round = 0; round < ROUNDS_OF_PEACE; round++) {
    await speakUp(actors.honest, stage);
    await time.pass(QUIET_MS);
  }
  void Promise.allSettled(running);
  const agreement = await compareHonest(actors.honest, rooms);
  return { ...agreement, outcomes, requests: network.requests, virtualMs: time.elapsedMs };
};
