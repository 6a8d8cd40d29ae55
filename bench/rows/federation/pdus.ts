// Messages that eight other servers send, each 50 in a transaction and one transaction at a time, until a local user sees
// the last of them: into one room, where each server goes on with what it saw itself and all meet at the end; into one where
// people answer each other, so that each message follows one of another server that may not have come yet; and into 50.

import { type Delivery, deliver, deliveriesOf } from '../../federation/deliveries.ts';
import { type ForeignEvent, ForeignRoom } from '../../federation/foreign-room.ts';
import type { ForeignServers } from '../../federation/foreign-server.ts';
import { joinThrough, seesEvent } from '../../federation/guest.ts';
import { measured } from '../../federation/measured.ts';
import type { User } from '../../load/user.ts';
import type { RunningServer } from '../../servers/running-server.ts';
import type { Context, Row } from '../row.ts';

const SERVERS = 8;
const ROOMS = 50;

const TEXT = 'The quick brown fox jumps over the lazy dog, and the bench counts how often.';

/** What is sent by each of the servers, and the last events: when they are seen, so is all. */
interface Traffic {
  readonly events: readonly (readonly ForeignEvent[])[];
  readonly last: readonly { readonly room: ForeignRoom; readonly event: ForeignEvent }[];
}

type MakeTraffic = (foreign: ForeignServers, count: number) => Traffic;

const inOneRoom =
  (room: ForeignRoom): MakeTraffic =>
  (foreign, count) => {
    const branches = foreign.names.slice(0, SERVERS).map(() => room.main.fork());
    const events = branches.map((branch, server) =>
      Array.from({ length: Math.round(count / SERVERS) }, (_, index) =>
        branch.say(foreign.user('talker', server), `${index} ${TEXT}`),
      ),
    );
    room.main = room.meet(branches, room.main.state);
    return { events, last: [{ room, event: room.main.say(room.creator, 'All of it') }] };
  };

/** Each message follows that of the server before. */
const inOneTalk =
  (room: ForeignRoom): MakeTraffic =>
  (foreign, count) => {
    const events = Array.from({ length: SERVERS }, (): ForeignEvent[] => []);
    for (let index = 0; index < count; index++) {
      const server = index % SERVERS;
      events[server]!.push(room.main.say(foreign.user('talker', server), `${index} ${TEXT}`));
    }
    return { events, last: [{ room, event: room.main.say(room.creator, 'All of it') }] };
  };

/** Each server goes around the rooms that are its own. */
const inManyRooms =
  (rooms: readonly ForeignRoom[]): MakeTraffic =>
  (_, count) => {
    const events = Array.from({ length: SERVERS }, (): ForeignEvent[] => []);
    for (let index = 0; index < count; index++) {
      const room = rooms[index % rooms.length]!;
      events[(index % rooms.length) % SERVERS]!.push(room.main.say(room.creator, `${index} ${TEXT}`));
    }
    return { events, last: rooms.map((room) => ({ room, event: room.main.say(room.creator, 'All of it') })) };
  };

const isLast = ({ last }: Traffic, server: number, foreign: ForeignServers): ForeignEvent[] =>
  last.flatMap(({ room, event }) => (room.creator.endsWith(`:${foreign.names[server]!}`) ? [event] : []));

/** Resolves when the user has seen everything. */
const prepared = (server: RunningServer, foreign: ForeignServers, traffic: Traffic) => {
  const lists = (eventsOf: (index: number) => readonly ForeignEvent[]): Delivery[][] =>
    traffic.events.map((_, index) => deliveriesOf(server, foreign.names[index]!, eventsOf(index)));
  const most = lists((index) => traffic.events[index]!);
  const ends = lists((index) => isLast(traffic, index, foreign));
  return async (user: User): Promise<void> => {
    await Promise.all(most.map((deliveries) => deliver(server, deliveries)));
    await Promise.all(ends.map((deliveries) => deliver(server, deliveries)));
    for (const { room, event } of traffic.last) await seesEvent(user, room, event.event.eventId);
  };
};

/** Rounds of traffic until so much time was spent on them; at least one. */
const rounds = async (context: Context, user: User, makeTraffic: MakeTraffic, spanMs: number) => {
  const { world, foreign } = context;
  const cost = { count: 0, seconds: 0, cpuMs: 0, peakMib: 0 };
  while (cost.seconds * 1000 < spanMs) {
    const traffic = makeTraffic(foreign, world.sizes.pdus);
    const send = prepared(world.server, foreign, traffic);
    const round = await measured(context, () => send(user));
    cost.count += traffic.events.flat().length + traffic.last.length;
    cost.seconds += round.seconds;
    cost.cpuMs += round.cpuMs;
    cost.peakMib = Math.max(cost.peakMib, round.peakMib);
  }
  return cost;
};

const measurePdus = async (context: Context, name: string, user: User, makeTraffic: MakeTraffic): Promise<void> => {
  const { world, repeats, record } = context;
  const { warmUpMs, windowMs } = world.sizes.pdusTimes;
  // Servers run for months, and are compiled and have their caches by then.
  await rounds(context, user, makeTraffic, warmUpMs);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const { count, seconds, cpuMs, peakMib } = await rounds(context, user, makeTraffic, windowMs);
    record(`PDUs, ${name}`, 'per second', count / seconds);
    record(`PDUs, ${name}: CPU`, 'CPU ms', cpuMs / count);
    record(`PDUs, ${name}: peak memory`, 'MiB', peakMib);
  }
};

/** A room with a talker of each server, and a local user who reads it. */
const sharedRoom = async ({ world, foreign }: Context, reader: string) => {
  await foreign.grow(SERVERS);
  const room = foreign.host(new ForeignRoom(foreign.user('talker')));
  for (let server = 1; server < SERVERS; server++) room.main.member(foreign.user('talker', server), 'join');
  const user = await world.user(reader);
  await joinThrough(user, room);
  return { room, user };
};

const oneRoom: Row = {
  name: 'pdus-one-room',
  async run(context) {
    const { room, user } = await sharedRoom(context, 'reader');
    await measurePdus(context, 'one room', user, inOneRoom(room));
  },
};

const oneTalk: Row = {
  name: 'pdus-one-talk',
  async run(context) {
    const { room, user } = await sharedRoom(context, 'listener');
    await measurePdus(context, 'one talk', user, inOneTalk(room));
  },
};

const manyRooms: Row = {
  name: 'pdus-50-rooms',
  async run(context) {
    const { world, foreign } = context;
    await foreign.grow(SERVERS);
    const user = await world.user('much-reader');
    const rooms: ForeignRoom[] = [];
    for (let index = 0; index < ROOMS; index++) {
      const room = foreign.host(new ForeignRoom(foreign.user('talker', index % SERVERS)));
      await joinThrough(user, room);
      rooms.push(room);
    }
    await measurePdus(context, '50 rooms', user, inManyRooms(rooms));
  },
};

export const pdusRows: readonly Row[] = [oneRoom, oneTalk, manyRooms];
