// Hostile requests: bodies that are too large, too deep or too slow, transactions that lie about themselves.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import { keyDocument, startPeerServer, testKey } from '../harness/peer-server.ts';
import { until } from '../harness/until.ts';
import { key, type Stage, startStage } from './stage.ts';

const MIB = 1024 * 1024;
/** Under load of everything else. */
const SOON_MS = 5000;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ 'limits.bodyIdleTimeoutMs': 400, 'limits.bodyTimeoutMs': 1500 });
});
afterAll(() => stage[Symbol.asyncDispose]());

const nested = (levels: number): string => `{"edus":[],"pdus":[],"x":${'['.repeat(levels)}${']'.repeat(levels)}}`;

describe('a body', () => {
  test('of 100 MB is refused before it is there, and not kept', async () => {
    const piece = Buffer.alloc(MIB, ' ');
    const before = process.memoryUsage();
    const answer = await stage.sendText('large', Array<Buffer>(100).fill(piece));
    expect(answer).toMatchObject({ status: 413, body: { errcode: 'M_TOO_LARGE' } });
    const after = process.memoryUsage();
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(60 * MIB);
    expect(await stage.say()).toBeLessThan(SOON_MS);
  });

  test('nested 10 levels deep is taken, 10,000 levels are not', async () => {
    expect(await stage.sendText('deep10', nested(10))).toMatchObject({ status: 200 });
    for (const levels of [10_000, 1_000_000]) {
      const answer = await stage.sendText(`deep${levels}`, nested(levels));
      expect(answer).toMatchObject({ status: 400, body: { errcode: 'M_BAD_JSON' } });
    }
  });

  test('that trickles, or stops, is given up', async () => {
    const pieces = Array.from({ length: 100 }, () => Buffer.from(' '));
    const startedAt = performance.now();
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, (_, at) => stage.sendText(`trickle${at}`, pieces, { pauseMs: 100 })),
      stage.say().then(() => ({ status: 408 })),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(21).fill(408));
    expect(performance.now() - startedAt).toBeLessThan(8000);
  });

  test('that is not what was signed is refused', async () => {
    const body = '{"edus":[],"pdus":[{"a":1}]}';
    const answer = await stage.sendText('other', body, { signed: '{"edus":[],"pdus":[]}' });
    expect(answer).toMatchObject({ status: 401, body: { errcode: 'M_UNAUTHORIZED' } });
  });
});

describe('a transaction', () => {
  test('with more than 50 events or 100 EDUs, or with lists that are none, is refused', async () => {
    for (const [at, body] of [
      { pdus: Array(51).fill({}) },
      { pdus: [], edus: Array(101).fill({}) },
      { pdus: {} },
      { pdus: [], edus: 'x' },
    ].entries()) {
      expect(await stage.sendText(`wrong${at}`, JSON.stringify(body))).toMatchObject({ status: 400 });
    }
  });

  test('repeated with other content gets the first answer, and nothing of it is taken', async () => {
    const room = await stage.sharedRoom();
    const [first, second] = [room.make(), room.make()];
    const bodyOf = ({ wire }: typeof first): string => JSON.stringify({ pdus: [wire] });
    const answer = await stage.sendText('same', bodyOf(first));
    expect(await stage.sendText('same', bodyOf(second))).toEqual(answer);
    await until('the first', async () => (await stage.stored([first])).size === 1);
    expect((await stage.stored([second])).size).toBe(0);
  });

  test('of rooms that nobody knows is answered, and asks nothing of anybody', async () => {
    const room = await stage.sharedRoom();
    const { wire } = room.make();
    const asked = stage.them.peer.requests.length;
    for (let at = 0; at < 20; at++) {
      const pdus = Array.from({ length: 50 }, (_, n) => ({ ...wire, room_id: `!r${at}x${n}:${stage.them.name}` }));
      expect((await stage.sendText(`rooms${at}`, JSON.stringify({ pdus }))).status).toBe(200);
    }
    expect(stage.them.peer.requests.length - asked).toBeLessThan(5);
    expect(await stage.say()).toBeLessThan(SOON_MS);
  });
});

describe('a server', () => {
  test('that is not there is refused, one of many', async () => {
    const startedAt = performance.now();
    const names = Array.from({ length: 40 }, (_, at) => `127.0.0.1:${at + 1}` as ServerName);
    const answers = await Promise.all(names.map((origin) => stage.sendText('x', '{"pdus":[]}', { origin })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(performance.now() - startedAt).toBeLessThan(3 * SOON_MS);
  });

  test('whose key document never verifies is refused, and not asked for it each time', async () => {
    await using peer = await startPeerServer();
    const origin = `127.0.0.1:${peer.port}` as ServerName;
    const facts = { keys: [key], validUntilTs: Date.now() + 86_400_000, signedWith: [testKey(key.keyId, 'other')] };
    peer.handler = () => [200, keyDocument(origin, facts)];
    for (let at = 0; at < 30; at++) {
      expect((await stage.sendText(`k${at}`, '{"pdus":[]}', { origin })).status).toBe(401);
    }
    expect(peer.requests.length).toBeLessThan(6);
  });
});
