// What simulated users do: talk, come and go, and fight for power. What a room forbids them is tried all the same.

import { MatrixError } from '../../src/protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import type { SeededRandom } from '../harness/seeded-random.ts';
import type { SimulatedServer, SimulatedUser } from './simulated-server.ts';

export interface Player {
  readonly server: SimulatedServer;
  readonly user: SimulatedUser;
}

export interface Stage {
  readonly players: readonly Player[];
  readonly rooms: readonly RoomId[];
  readonly random: SeededRandom;
  /** What became of each deed, for the end's summary. */
  count(outcome: string): void;
}

type Deed = (player: Player, roomId: RoomId, stage: Stage) => Promise<unknown>;

const sendState = ({ server, user }: Player, roomId: RoomId, type: string, content: JsonObject): Promise<unknown> =>
  server.parts.rooms.sendState(roomId, { type, stateKey: '', sender: user.userId, content });

const talk: Deed = ({ server, user }, roomId, { random }) =>
  server.parts.rooms.send(roomId, {
    type: 'm.room.message',
    sender: user.userId,
    content: { msgtype: 'm.text', body: `${random.below(1_000_000)}` },
  });

/** A few messages one after the other, as people write them. */
const chat: Deed = async (player, roomId, stage) => {
  for (let count = 1 + stage.random.below(5); count > 0; count--) await talk(player, roomId, stage);
};

const name: Deed = (player, roomId, { random }) =>
  sendState(player, roomId, 'm.room.name', { name: `room ${random.below(1000)}` });

const topic: Deed = (player, roomId, { random }) =>
  sendState(player, roomId, 'm.room.topic', { topic: `topic ${random.below(1000)}` });

const joinRules: Deed = (player, roomId, { random }) =>
  sendState(player, roomId, 'm.room.join_rules', { join_rule: random.pick(['public', 'public', 'invite']) });

/** Somebody gets another power, often one's own equal. */
const powerLevels: Deed = async (player, roomId, { random, players }) => {
  const view = await player.server.parts.rooms.view(roomId);
  const content = (await view.get('m.room.power_levels'))?.content ?? {};
  const target = random.pick(players).user.userId;
  const users = { ...(content.users as JsonObject | undefined), [target]: random.pick([0, 10, 50, 60, 90, 100]) };
  return sendState(player, roomId, 'm.room.power_levels', { ...content, users });
};

const someoneElse = (player: Player, { random, players }: Stage): UserId => {
  const others = players.filter(({ user }) => user.userId !== player.user.userId);
  return random.pick(others).user.userId;
};

const moderate =
  (what: 'ban' | 'unban' | 'kick'): Deed =>
  (player, roomId, stage) =>
    player.server.parts.membership[what](player.user, roomId, someoneElse(player, stage), undefined);

/** Somebody is banned while they do something elsewhere, where nobody has heard of it. */
const banBusy: Deed = async (player, roomId, stage) => {
  const { random, players } = stage;
  const target = random.pick(players);
  if (target === player || !target.server.isUp) return;
  const { userId } = target.user;
  const deeds = [random.pick([topic, powerLevels, talk])(target, roomId, stage), talk(target, roomId, stage)];
  const ban = player.server.parts.membership.ban(player.user, roomId, userId, undefined);
  const [outcome] = await Promise.allSettled([ban, ...deeds]);
  if (outcome.status === 'rejected') throw outcome.reason;
};

const leave: Deed = ({ server, user }, roomId) => server.parts.membership.leave(user, roomId, undefined);

const join: Deed = ({ server, user }, roomId, { random, players }) =>
  server.parts.membership.join(user, roomId, {}, { via: viaOf(random, players) });

/** Several come at once, by whatever server lets them in. */
const crowd: Deed = async (_player, roomId, stage) => {
  const { random, players } = stage;
  const coming = players.filter(({ server }) => server.isUp && random.chance(0.3));
  await Promise.allSettled(coming.map((each) => join(each, roomId, stage)));
};

/** Some servers that may be in the room. */
export const viaOf = (random: SeededRandom, players: readonly Player[]): ServerName[] =>
  [0, 1, 2].map(() => parseServerName(random.pick(players).server.name));

/** By their shares of 100. */
const peaceful: readonly (readonly [number, Deed])[] = [
  [20, talk],
  [60, chat],
  [6, name],
  [4, topic],
  [5, leave],
  [5, join],
];

const warlike: readonly (readonly [number, Deed])[] = [
  [18, talk],
  [20, powerLevels],
  [8, name],
  [8, topic],
  [6, joinRules],
  [5, moderate('ban')],
  [6, banBusy],
  [6, moderate('unban')],
  [6, moderate('kick')],
  [6, leave],
  [7, join],
  [4, crowd],
];

export type Temper = 'peaceful' | 'warlike';
const tempers = { peaceful, warlike };

const chosenBy = (lot: number, deeds: readonly (readonly [number, Deed])[]): Deed => {
  let left = lot;
  for (const [share, each] of deeds) {
    if (left < share) return each;
    left -= share;
  }
  return talk;
};

export const deed = async (stage: Stage, temper: Temper): Promise<void> => {
  const up = stage.players.filter(({ server }) => server.isUp);
  if (up.length === 0) return;
  const player = stage.random.pick(up);
  const roomId = stage.random.pick(stage.rooms);
  const chosen = chosenBy(stage.random.below(100), tempers[temper]);
  try {
    await chosen(player, roomId, stage);
    stage.count('done');
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    stage.count(error.errcode);
  }
};
