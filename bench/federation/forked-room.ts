// A room that two servers went on with apart from each other, and what the room version's algorithm makes of it.

import type { EventId, UserId } from '../../src/protocol/ids/branded.ts';
import { resolveState } from '../../src/protocol/state-resolution/resolve-state.ts';
import { type StateKey, stateKeyOf } from '../../src/protocol/state-resolution/state-key.ts';
import { type Branch, type ForeignEvent, ForeignRoom, version } from './foreign-room.ts';
import type { ForeignServers } from './foreign-server.ts';

const CONFLICTED_KEYS = 25;

/** A room of two servers, both of which may do almost anything in it. */
export const createForkedRoom = (foreign: ForeignServers, forkSize: number): ForeignRoom => {
  const [admin, moderator] = [foreign.user('admin', 0), foreign.user('moderator', 1)];
  const levels = { users: { [admin]: 100, [moderator]: 75 }, events: { 'm.room.power_levels': 75 } };
  const room = foreign.host(new ForeignRoom(admin, levels));
  room.main.member(moderator, 'join');
  for (let index = 0; index < forkSize / 10; index++) room.main.member(foreign.user(`bystander${index}`), 'join');
  return room;
};

interface Fork {
  readonly branch: Branch;
  readonly events: readonly ForeignEvent[];
}

/**
 * State events of many kinds by the people of one server: a tenth power levels, a tenth bans or kicks, two tenths new members,
 * the rest of keys that both branches set, now and then.
 */
const fork = (room: ForeignRoom, foreign: ForeignServers, server: 0 | 1, size: number): Fork => {
  const branch = room.main.fork();
  const by = foreign.user(server === 0 ? 'admin' : 'moderator', server);
  const { content: levels } = room.events.get(room.main.state.get(stateKeyOf('m.room.power_levels', ''))!)!.event;
  const state = (type: string, stateKey: string, content: object): ForeignEvent =>
    branch.make({ type, stateKey, sender: by, content: content as typeof levels });
  const make = (index: number): ForeignEvent => {
    const kind = index % 10;
    const bystander: UserId = foreign.user(`bystander${Math.floor(index / 10)}`);
    if (kind === 0) {
      const events = { ...(levels.events as object), [`test.${server}.${index}`]: 60 };
      return state('m.room.power_levels', '', { ...levels, events });
    }
    if (kind === 1) return branch.member(bystander, server === 0 ? 'ban' : 'leave', by);
    if (kind === 2 || kind === 3) return branch.member(foreign.user(`new${index}`, server), 'join');
    if (kind === 4) return state('m.room.topic', '', { topic: `${server} ${index}` });
    if (kind === 5) return state('m.room.name', '', { name: `${server} ${index}` });
    if (kind === 6) return state('test.own', `${server} ${index}`, { index });
    return state('test.shared', String(index % CONFLICTED_KEYS), { server, index });
  };
  return { branch, events: Array.from({ length: size }, (_, index) => make(index)) };
};

/** By the algorithm, over the whole states and all auth chains. */
const resolved = (room: ForeignRoom, branches: readonly Branch[]): ReadonlyMap<StateKey, EventId> => {
  const stateSets = branches.map(({ state }) => state);
  const create = room.events.get(stateSets[0]!.get(stateKeyOf('m.room.create', ''))!)!.event;
  const event = (id: EventId) => room.events.get(id)?.event;
  const { state, missing } = resolveState({ version, create, stateSets, event, isRejected: () => false });
  if (missing.size > 0) throw new Error(`the resolution lacked ${missing.size} events`);
  return state;
};

export interface Forks {
  /** The events of each of the two servers, in order. */
  readonly events: readonly (readonly ForeignEvent[])[];
  /** It follows both branches. */
  readonly merge: ForeignEvent;
  readonly state: ReadonlyMap<StateKey, EventId>;
}

/** Two branches that meet in one event of the first server. */
export const makeForks = (room: ForeignRoom, foreign: ForeignServers, size: number): Forks => {
  const forks = [fork(room, foreign, 0, size), fork(room, foreign, 1, size)];
  const branches = forks.map(({ branch }) => branch);
  const state = resolved(room, branches);
  room.main = room.meet(branches, state);
  return { events: forks.map(({ events }) => events), merge: room.main.say(room.creator, 'Here we meet'), state };
};
