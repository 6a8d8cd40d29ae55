// One simulation: servers that share rooms over a bad network, some of them lying; then quiet, and what they agree on.

import type { LogLevel } from '../../src/lib/log.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { RoomId } from '../../src/protocol/ids/branded.ts';
import { type SeededRandom, seededRandom } from '../harness/seeded-random.ts';
import { type Agreement, compareHonest, isResident } from './agreement.ts';
import { deed, type Player, type Stage, type Temper } from './deeds.ts';
import { calm, enter, type Opening, openingOf } from './openings.ts';
import { reseed } from './seeded-chance.ts';
import type { SimulatedServer, World } from './simulated-server.ts';
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

const stormy = { lostShare: 0.05, repeatedShare: 0.05, delayMsMax: 2_000 };
/** Longer than the longest back-off that a storm can bring about. */
const QUIET_MS = 2 * 3_600_000;
const ROUNDS_OF_PEACE_MAX = 3;

interface Cast {
  readonly servers: readonly SimulatedServer[];
  readonly honest: readonly SimulatedServer[];
  readonly players: readonly Player[];
}

const assemble = async (world: World, random: SeededRandom, opening: Opening): Promise<Cast> => {
  const { versionId } = opening;
  const servers: SimulatedServer[] = [];
  const honest: SimulatedServer[] = [];
  const players: Player[] = [];
  for (const { role, users, disk } of opening.cast) {
    const server = await enter(world, role, { versionId, random, disk });
    servers.push(server);
    if (!role.isLiar) honest.push(server);
    for (const user of users) players.push({ server, user });
  }
  return { servers, honest, players };
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

/** What the honest servers agree on once all has been told, and all branches have met. */
const makePeace = async ({ time }: World, { honest }: Cast, stage: Stage): Promise<Agreement> => {
  await time.pass(QUIET_MS);
  for (let round = 1; ; round++) {
    await speakUp(honest, stage);
    await time.pass(QUIET_MS);
    const agreement = await compareHonest(honest, stage.rooms);
    if (agreement.isSettled || round === ROUNDS_OF_PEACE_MAX) return agreement;
  }
};

export const simulate = async ({ seed, servers, deeds, logLevel }: SimulationOptions): Promise<SimulationResult> => {
  const opening = await openingOf(seed, servers);
  reseed(seed);
  const random = seededRandom(seed);
  const time = new VirtualTime(opening.elapsedMs);
  const network = new VirtualNetwork(time, random.fork('network'), calm);
  const world: World = { time, network, logLevel };
  const temper: Temper = random.chance(0.5) ? 'warlike' : 'peaceful';
  const actors = await assemble(world, random, opening);
  await using stack = new AsyncDisposableStack();
  for (const server of actors.servers) stack.use(server);
  const rooms = [opening.roomId];
  if (temper === 'warlike') await arm(world, actors, opening.roomId, random);
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
  const agreement = await makePeace(world, actors, stage);
  void Promise.allSettled(running);
  return { ...agreement, outcomes, requests: network.requests, virtualMs: time.elapsedMs };
};
