// Joins of rooms of another server, ever larger ones: until the user is in and can send, and until all members are known.

import { ForeignRoom } from '../../federation/foreign-room.ts';
import type { ForeignServers } from '../../federation/foreign-server.ts';
import { joinThrough, pathOf, until } from '../../federation/guest.ts';
import { measured } from '../../federation/measured.ts';
import type { User } from '../../load/user.ts';
import type { Row } from '../row.ts';

const LOOK_EVERY_MS = 250;

const crowdedRoom = (foreign: ForeignServers, memberCount: number): ForeignRoom => {
  const room = foreign.host(new ForeignRoom(foreign.user('host')));
  for (let index = 1; index < memberCount; index++) room.main.member(foreign.user(`member${index}`), 'join');
  return room;
};

const knowsMembers = async (user: User, room: ForeignRoom, count: number): Promise<boolean> => {
  const { joined } = await user.call('GET', `${pathOf(room)}/joined_members`);
  return Object.keys(joined as object).length >= count;
};

export const join: Row = {
  name: 'join',
  async run(context) {
    const { world, foreign, repeats, record } = context;
    await foreign.grow(1);
    const user = await world.user('joiner');
    // The first join of all finds the other server and its keys.
    await joinThrough(user, crowdedRoom(foreign, 20));
    for (const size of world.sizes.joins) {
      for (let repeat = 0; repeat < repeats; repeat++) {
        const room = crowdedRoom(foreign, size);
        let usableMs = 0;
        const cost = await measured(context, async () => {
          const startedAt = performance.now();
          await joinThrough(user, room);
          await user.call('PUT', `${pathOf(room)}/send/m.room.message/first`, { msgtype: 'm.text', body: 'Hello' });
          usableMs = performance.now() - startedAt;
          await until('a join', () => knowsMembers(user, room, size + 1), LOOK_EVERY_MS);
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
