// Hostile events: histories and claims that a room has to bear.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { slicesOf } from '../../src/lib/slices-of.ts';
import type { EventId } from '../../src/protocol/ids/branded.ts';
import { signEvent } from '../../src/protocol/signing/sign-event.ts';
import { testKey } from '../harness/peer-server.ts';
import type { RemoteEvent } from '../harness/remote-room.ts';
import { until } from '../harness/until.ts';
import { key, type Stage, startStage } from './stage.ts';

/** The number of forks; more by hand, with a longer --testTimeout. */
const FORKS = Number(process.env.HOSTILE_FORKS ?? 600);
/** Forward extremities upon which a batch is compared with one upon few, and what each of them may add to it. */
const MANY = Number(process.env.HOSTILE_EXTREMITIES ?? 3000);
const EXTREMITY_MS_MAX = 0.005;
const PDUS_MAX = 50;
const PREV_EVENTS_MAX = 20;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const taken = (event: RemoteEvent): Promise<{ readonly isRejected: boolean }> =>
  until('event', async () => (await stage.stored([event])).get(event.eventId));

const sendAll = async (events: readonly RemoteEvent[]): Promise<void> => {
  for (const some of slicesOf(events, PDUS_MAX)) {
    await until('taken', async () => (await stage.send(some)).status === 200);
  }
};

const pduOf = async (eventId: string) => {
  const { body } = await stage.them.get(stage.us.name, `/_matrix/federation/v1/event/${encodeURIComponent(eventId)}`);
  return body.pdus[0];
};

test('a depth at its maximum leaves the room usable', async () => {
  const room = await stage.sharedRoom();
  const deep = room.make({ depth: Number.MAX_SAFE_INTEGER, originServerTs: 1_700_000_000_000 });
  await stage.send([deep]);
  expect(await taken(deep)).toMatchObject({ isRejected: false });
  const ours = await stage.alice.say(room.roomId, 'after');
  const pdu = await pduOf(ours);
  expect(pdu.prev_events).toEqual([deep.eventId]);
  expect(pdu.depth).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
  const next = room.make({ prevEvents: [ours as EventId], depth: 5 });
  await stage.send([next]);
  expect(await taken(next)).toMatchObject({ isRejected: false });
});

test('a depth beyond what an event may have is refused alone', async () => {
  const room = await stage.sharedRoom();
  const { wire } = room.make({ content: { n: 1 } });
  const [join] = room.authEvents.slice(-1);
  const good = room.make({ prevEvents: [join!], depth: 9 });
  const pdus = [9_007_199_254_740_992, -1, 1.5, '5'].map((depth) => JSON.stringify({ ...wire, depth }));
  const body = `{"pdus":[${[...pdus, JSON.stringify(good.wire)].join(',')}]}`;
  expect(await stage.sendText('depths', body)).toMatchObject({ status: 200 });
  expect(await taken(good)).toMatchObject({ isRejected: false });
});

test(`${FORKS} forward extremities are borne, and become fewer with each event`, async () => {
  const room = await stage.sharedRoom();
  const [join] = room.latest;
  const { depth } = room;
  const forks = Array.from({ length: FORKS }, (_, at) =>
    room.make({ prevEvents: [join!], depth: depth + 1, content: { msgtype: 'm.text', body: `${at}` } }),
  );
  await sendAll(forks);
  const { receive } = stage.us.parts.rooms;
  await until('all', async () => (await stage.stored(forks)).size === FORKS, 100_000);
  const before = (await receive.extremities(room.roomId)).length;
  const startedAt = performance.now();
  const ours = await stage.alice.say(room.roomId, 'together');
  expect(performance.now() - startedAt).toBeLessThan(5000);
  const prevs = (await pduOf(ours)).prev_events.length;
  expect(prevs).toBeLessThanOrEqual(PREV_EVENTS_MAX);
  expect(await receive.extremities(room.roomId)).toHaveLength(before - prevs + 1);
  expect(await stage.say()).toBeLessThan(2000);
});

test('with many forward extremities a batch costs by what it changes', async () => {
  const room = await stage.sharedRoom();
  const [join] = room.latest;
  const { depth } = room;
  const { receive } = stage.us.parts.rooms;
  const took: number[] = [];
  const fork = (n: number) => {
    const { parsed } = room.make({ prevEvents: [join!], depth: depth + 1, content: { n } });
    return { ...parsed, source: stage.them.name };
  };
  for (let at = 0; at < MANY; at += PDUS_MAX) {
    const events = Array.from({ length: PDUS_MAX }, (_, n) => fork(at + n));
    const startedAt = performance.now();
    const fates = await receive.accept(room.roomId, events, { as: 'new', onMissing: 'wait' });
    took.push(performance.now() - startedAt);
    expect(fates.every(({ fate }) => fate === 'accepted')).toBe(true);
  }
  // The machine may be busy with other things: the quickest of some.
  const [few, many] = [Math.min(...took.slice(0, 10)), Math.min(...took.slice(-10))];
  console.log(`${few.toFixed(1)} ms for ${PDUS_MAX} events at first, ${many.toFixed(1)} ms upon ${MANY} extremities`);
  expect(many).toBeLessThan(few * 1.5 + MANY * EXTREMITY_MS_MAX);
});

test('signatures of other servers, or with other keys, are none', async () => {
  const room = await stage.sharedRoom();
  const [join] = room.latest;
  const other = testKey(key.keyId, 'other');
  const unsigned = (n: number) => {
    const { signatures: _, ...wire } = room.make({ prevEvents: [join!], content: { n } }).wire;
    return wire;
  };
  const byOthers = signEvent(unsigned(1), room.version, { name: stage.us.name, key });
  const byNobody = signEvent(unsigned(2), room.version, { name: 'nobody.test', key });
  const withOtherKey = signEvent(unsigned(3), room.version, { name: stage.them.name, key: other });
  const alsoWrong = signEvent(
    signEvent(unsigned(4), room.version, { name: stage.them.name, key: testKey('ed25519:unknown') }),
    room.version,
    { name: 'nobody.test', key },
  );
  const none = { ...unsigned(5), signatures: {} };
  // Alice's words, by another server.
  const asAlice = room.make({ sender: stage.alice.userId as never, prevEvents: [join!] });
  const good = room.make({ prevEvents: [join!] });
  const wires = [byOthers, byNobody, withOtherKey, alsoWrong, none, asAlice.wire, good.wire];
  expect((await stage.sendText('signatures', JSON.stringify({ pdus: wires }))).status).toBe(200);
  expect(await taken(good)).toMatchObject({ isRejected: false });
  const ids = wires.slice(0, -1).map((wire) => room.add(wire).eventId);
  expect((await stage.us.parts.rooms.receive.stored(ids)).size).toBe(0);
});

test('the same event many times, in one transaction and in many, is one', async () => {
  const room = await stage.sharedRoom();
  const event = room.make();
  const copies = Array<RemoteEvent>(PDUS_MAX).fill(event);
  await Promise.all([stage.send(copies), stage.send(copies), stage.send(copies), stage.send([event])]);
  expect(await taken(event)).toMatchObject({ isRejected: false });
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room.roomId)}/messages`;
  const { chunk } = await stage.alice.ok(stage.alice.get(path, { query: { dir: 'b', limit: 50 } }));
  const found = (chunk as { event_id: string }[]).filter(({ event_id }) => event_id === event.eventId);
  expect(found).toHaveLength(1);
});

test('events that name themselves or each other as what came before are not taken', async () => {
  const room = await stage.sharedRoom();
  const [join] = room.latest;
  // Nobody can make a circle of hashes: these name what is not there yet, and each other's neighbours.
  const lost = Array.from({ length: 20 }, (_, at) =>
    room.make({ prevEvents: [`$${`c${at}`.padEnd(43, 'b')}` as EventId, join!], authEvents: [join!, join!] }),
  );
  const good = room.make({ prevEvents: [join!] });
  await sendAll([...lost, good]);
  expect(await taken(good)).toMatchObject({ isRejected: false });
  await until('verdicts', async () => (await stage.stored(lost)).size === lost.length);
  expect([...(await stage.stored(lost)).values()].every(({ isRejected }) => isRejected)).toBe(true);
});
