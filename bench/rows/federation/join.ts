// Joins of rooms of another server, ever larger ones: until the user is in, has the room in a /sync that loads members lazily, and
// can send; and until all members are known.

import { ForeignRoom } from '../../federation/foreign-room.ts';
import type { ForeignServers } from '../../federation/foreign-server.ts';
import { joinThrough, pathOf, until } from '../../federation/guest.ts';
import { measured } from '../../federation/measured.ts';
import { CLIENT, type User } from '../../load/user.ts';
import type { Row } from '../row.ts';

const LOOK_EVERY_MS = 250;
const LONG_POLL_MS = 10_000;
/** Synapse answers who the members are once it knows all of them. */
const JOIN_TIMEOUT_MS = 15 * 60_000;

const crowdedRoom = (foreign: ForeignServers, memberCount: number): ForeignRoom => {
  const room = foreign.host(new ForeignRoom(foreign.user('host')));
  for (let index = 1; index < memberCount; index++) room.main.member(foreign.user(`member${index}`), 'join');
  return room;
};

const filter = encodeURIComponent(JSON.stringify({ room: { state: { lazy_load_members: true } } }));

/** Resolves when the user's clients are told of the room, which wait as clients do: asking again and again would cost the server. */
const seesRoom = (user: User, { roomId }: ForeignRoom, since: string): Promise<void> => {
  let from = since;
  return until('a room', async () => {
    const answer = await user.call('GET', `/sync?filter=${filter}&since=${from}&timeout=${LONG_POLL_MS}`);
    from = String(answer.next_batch);
    const rooms = answer.rooms as { readonly join?: Readonly<Record<string, object>> } | undefined;
    return rooms?.join?.[roomId] !== undefined;
  });
};

/** Resolves when the server tells of so many. */
const knowsMembers = async (user: User, room: ForeignRoom, count: number): Promise<void> => {
  const connection = user.connect(JOIN_TIMEOUT_MS);
  await until(
    'a join',
    async () => {
      const { status, body } = await connection.request('GET', `${CLIENT}${pathOf(room)}/joined_members`);
      // The members are still being fetched.
      if (status === 503) return false;
      if (status !== 200) throw new Error(`/joined_members answered ${status}: ${body.toString()}`);
      return Object.keys((JSON.parse(body.toString()) as { joined: object }).joined).length >= count;
    },
    LOOK_EVERY_MS,
  );
  connection.close();
};

export const join: Row = {
  name: 'join',
  leavesWork: true,
  async run(context) {
    const { world, foreign, repeats, record } = context;
    await foreign.grow(1);
    const user = await world.user('joiner');
    // The first join of all finds the other server and its keys.
    await joinThrough(user, crowdedRoom(foreign, 20));
    for (const size of world.sizes.joins) {
      for (let repeat = 0; repeat < repeats; repeat++) {
        const room = crowdedRoom(foreign, size);
        const { next_batch: since } = await user.call('GET', `/sync?filter=${filter}`);
        let usableMs = 0;
        const cost = await measured(context, async () => {
          const startedAt = performance.now();
          await joinThrough(user, room);
          await seesRoom(user, room, String(since));
          await user.call('PUT', `${pathOf(room)}/send/m.room.message/first`, { msgtype: 'm.text', body: 'Hello' });
          usableMs = performance.now() - startedAt;
          await knowsMembers(user, room, size + 1);
        });
        foreign.forget(room);
        record(`join: usable @${size}`, 'ms', usableMs);
        record(`join: complete @${size}`, 'ms', cost.seconds * 1000);
        record(`join: CPU @${size}`, 'CPU ms', cost.cpuMs);
        record(`join: peak memory @${size}`, 'MiB', cost.peakMib);
      }
    }
  },
};
