// What a client in another room feels while a hostile server sends all it can.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { EventId } from '../../src/protocol/ids/branded.ts';
import { signRequest } from '../../src/protocol/x-matrix/sign-request.ts';
import { testAuthorities } from '../harness/peer-server.ts';
import { until } from '../harness/until.ts';
import { key, type Stage, startStage } from './stage.ts';
import type { StormPlan, StormReport } from './storm-sender.ts';

const MESSAGES = 100;
const REQUESTS = 600;
const BODIES = 40;
const SENDERS = 4;
/** One transaction after another takes one core whole, and the machine may be busy with other things as well. */
const FACTOR = 4;
const ALLOWANCE_MS = 250;
const HEAP_GROWTH_BYTES_MAX = 150 * 1024 * 1024;

const p99 = (waits: readonly number[]): number => waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.99)]!;

/** Bodies of good events in a row, forks of old ones, such as nobody can place, forged ones, and EDUs. */
const stormOf = async (stage: Stage): Promise<string[]> => {
  const room = await stage.sharedRoom();
  const [join] = room.latest;
  return Array.from({ length: BODIES }, (_, at) => {
    const good = Array.from({ length: 20 }, () => room.make().wire);
    const { latest } = room;
    const gone = (n: number) => [`$${`g${at}x${n}`.padEnd(43, 'a')}` as EventId];
    const lost = Array.from({ length: 10 }, (__, n) => room.make({ prevEvents: gone(n) }).wire);
    const forked = Array.from({ length: 10 }, () => room.make({ prevEvents: [join!] }).wire);
    room.latest = latest;
    const forged = good.slice(0, 10).map((wire) => ({ ...wire, origin_server_ts: at }));
    const typing = { room_id: room.roomId, user_id: stage.them.userId('bob'), typing: at % 2 === 0 };
    const edus = Array(100).fill({ edu_type: 'm.typing', content: typing });
    return JSON.stringify({ pdus: [...good, ...lost, ...forked, ...forged], edus });
  });
};

const planOf = (stage: Stage, bodies: readonly string[]): StormPlan => {
  const { hostname, port } = new URL(`https://${stage.us.name}`);
  const requests = Array.from({ length: REQUESTS }, (_, at) => {
    const [path, body] = [`/_matrix/federation/v1/send/storm${at}`, bodies[at % BODIES]!];
    const signed = { method: 'PUT', uri: path, origin: stage.them.name, destination: stage.us.name, contentJson: body };
    return { path, body, authorization: signRequest(signed, key) };
  });
  return { hostname, port, ca: testAuthorities(), senders: SENDERS, requests };
};

test('a storm of good, bad and endless events leaves other rooms quick', async () => {
  await using stage = await startStage();
  const plan = planOf(stage, await stormOf(stage));
  const measure = async (): Promise<number[]> => {
    const waits: number[] = [];
    for (let left = MESSAGES; left > 0; left--) waits.push(await stage.say());
    return waits;
  };
  await measure();
  const quiet = p99(await measure());
  const heap = process.memoryUsage().heapUsed;
  const storm = new Worker(new URL('storm-sender.ts', import.meta.url), { workerData: plan });
  const ended = once(storm, 'message');
  await until('storm', () => stage.us.parts.metrics.render().then((text) => text.includes('outcome="new"} ')));
  const stormy = p99(await measure());
  storm.postMessage('stop');
  const [{ sent, statuses }] = (await ended) as [StormReport];
  console.log(`p99 ${quiet.toFixed()} ms in quiet, ${stormy.toFixed()} ms in a storm of ${sent} transactions`);
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
  expect(stormy).toBeLessThan(quiet * FACTOR + ALLOWANCE_MS);
  expect(process.memoryUsage().heapUsed - heap).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
  // It goes on with what is good.
  const room = await stage.sharedRoom();
  const last = room.make();
  await until('taken', async () => (await stage.send([last])).status === 200);
  await until('judged', async () => (await stage.stored([last])).size === 1);
});
