// A message of a local user to the 50 other servers in the room, until the last of them has it.

import type { ServerName } from '../../../src/protocol/ids/branded.ts';
import { ForeignRoom } from '../../federation/foreign-room.ts';
import type { ForeignServers } from '../../federation/foreign-server.ts';
import { joinThrough } from '../../federation/guest.ts';
import { measured } from '../../federation/measured.ts';
import { percentile } from '../../load/statistics.ts';
import type { Row } from '../row.ts';

const SERVERS = 50;
const WARM_UP_MESSAGES = 3;
const TIMEOUT_MS = 60_000;

/** Resolves with the moment at which the last of the servers was sent this text. */
const allHave = (foreign: ForeignServers, text: string): Promise<number> => {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const left = new Set<ServerName>(foreign.names.slice(0, SERVERS));
  const timer = setTimeout(() => reject(new Error(`${left.size} servers did not get a message`)), TIMEOUT_MS);
  foreign.onTransaction = (to, body) => {
    if (!body.includes(text) || !left.delete(to) || left.size > 0) return;
    clearTimeout(timer);
    resolve(performance.now());
  };
  return promise;
};

export const fanOut: Row = {
  name: 'fan-out',
  async run(context) {
    const { world, foreign, repeats, record } = context;
    await foreign.grow(SERVERS);
    const room = foreign.host(new ForeignRoom(foreign.user('listener')));
    for (let server = 1; server < SERVERS; server++) room.main.member(foreign.user('listener', server), 'join');
    const user = await world.user('speaker');
    await joinThrough(user, room);
    const sender = world.sender(user, encodeURIComponent(room.roomId));
    const sendToAll = async (text: string): Promise<number> => {
      const arrival = allHave(foreign, text);
      const startedAt = performance.now();
      await sender.send(text);
      return (await arrival) - startedAt;
    };
    for (let sent = 0; sent < WARM_UP_MESSAGES; sent++) await sendToAll(`first ${sent}.`);
    for (let repeat = 0; repeat < repeats; repeat++) {
      const delaysMs: number[] = [];
      const { fanOut: count } = world.sizes;
      const cost = await measured(context, async () => {
        for (let sent = 0; sent < count; sent++) delaysMs.push(await sendToAll(`fan-out ${repeat}/${sent}.`));
      });
      record('fan-out to 50 servers', 'ms', percentile(delaysMs, 0.5));
      record('fan-out to 50 servers: CPU', 'CPU ms', cost.cpuMs / count);
      record('fan-out to 50 servers: peak memory', 'MiB', cost.peakMib);
    }
    foreign.onTransaction = () => {};
  },
};
