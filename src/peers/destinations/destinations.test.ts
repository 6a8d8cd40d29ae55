import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type PeerServer, startPeerServer } from '../../../tests/harness/peer-server.ts';
import { openPeers, type TestPeers } from '../../../tests/harness/peers.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { parseServerName } from '../../protocol/ids/server-name.ts';
import { goneDelayMs, retryDelayMs } from './back-off.ts';

const DAY_MS = 24 * 3_600_000;
let us: TestPeers;
let peer: PeerServer;
let name: ServerName;
beforeAll(async () => {
  us = await openPeers();
});
afterAll(() => us[Symbol.asyncDispose]());
beforeEach(async () => {
  // A port of its own, and so a name that no other test put in trouble.
  peer = await startPeerServer();
  us.dns.records.set('peer.test', { A: ['127.0.0.1'] });
  name = parseServerName(`peer.test:${peer.port}`);
});
afterEach(() => peer[Symbol.asyncDispose]());

/** 'ok', or the stage of the failure; whether anything was sent is seen by the peer. */
const call = (more: { ignoresBackOff?: boolean; isVital?: boolean } = {}): Promise<string> =>
  us.peers
    .call({ destination: name, method: 'GET', path: '/x', timeoutMs: 5000, responseSizeBytesMax: 1000, ...more })
    .then(
      () => 'ok',
      (error: { stage: string }) => error.stage,
    );
const down = (): void => {
  peer.handler = () => [503, 'down'];
};
const up = (): void => {
  peer.handler = () => [200, {}];
};
const shown = async (): Promise<JsonObject> => (await us.peers.administration.show(name)) ?? {};

test('a server that failed is left alone, longer and longer, until it answers', async () => {
  down();
  expect(await call()).toBe('http');
  expect(await call()).toBe('http');
  expect(peer.requests).toHaveLength(1);
  expect(us.peers.isLeftAlone(name)).toBe(true);
  await us.clock.advance(13_001);
  expect(us.peers.isLeftAlone(name)).toBe(false);
  await call();
  expect(peer.requests).toHaveLength(2);
  await us.clock.advance(19_000);
  await call();
  expect(peer.requests).toHaveLength(2);
  expect(us.peers.troubleOf(name)).toMatchObject({
    failures: 2,
    stage: 'http',
    reason: expect.stringContaining('503'),
  });
  up();
  await us.clock.advance(10_000);
  expect(await call()).toBe('ok');
  expect([us.peers.troubleOf(name), await call()]).toEqual([undefined, 'ok']);
});

test('what is known survives a restart', async () => {
  down();
  await call();
  await us.restart();
  expect(await call()).toBe('http');
  expect(peer.requests).toHaveLength(1);
  expect(await shown()).toMatchObject({ state: 'failing', stage: 'http', failures: 1, destination: name });
  up();
  await us.clock.advance(13_001);
  await call();
  await us.restart();
  expect(await shown()).toMatchObject({ state: 'well', stage: null, reason: null, last_success_ts: us.clock.now() });
});

test('calls that fail together count once', async () => {
  down();
  await Promise.all([call(), call(), call()]);
  expect(peer.requests).toHaveLength(3);
  await us.clock.advance(1);
  expect(us.peers.troubleOf(name)?.failures).toBeLessThanOrEqual(3);
  const before = us.peers.troubleOf(name)!;
  await us.clock.advance(100_000);
  const gate = Promise.withResolvers<void>();
  let arrived = 0;
  peer.handler = async () => {
    arrived += 1;
    if (arrived === 2) gate.resolve();
    await gate.promise;
    await us.clock.advance(10);
    return [503, 'down'];
  };
  await Promise.all([call(), call()]);
  expect(us.peers.troubleOf(name)?.failures).toBe(before.failures + 1);
});

test('a user who waits is let through, and the operator clears the way', async () => {
  down();
  await call();
  expect(await call({ ignoresBackOff: true })).toBe('http');
  expect(peer.requests).toHaveLength(2);
  const reachable: string[] = [];
  us.peers.onReachable((server) => reachable.push(server));
  expect(await us.peers.administration.retry(name)).toBe(true);
  expect(reachable).toEqual([name]);
  up();
  expect(await call()).toBe('ok');
  expect(await us.peers.administration.retry(name)).toBe(false);
  down();
  await call();
  expect(await us.peers.administration.retryAll()).toBeGreaterThan(0);
});

test('an answer that is a refusal says that the server is well, unless what failed is vital', async () => {
  peer.handler = () => [500, { errcode: 'M_UNKNOWN' }];
  expect(await call()).toBe('application');
  expect(us.peers.troubleOf(name)).toBeUndefined();
  expect(await call({ isVital: true })).toBe('application');
  expect(us.peers.troubleOf(name)).toMatchObject({ stage: 'application' });
});

test('a server that asks for time gets it, within bounds', async () => {
  peer.handler = () => [429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 600_000 }];
  await call({ isVital: true });
  expect(us.peers.troubleOf(name)?.retryTs).toBe(us.clock.now() + 600_000);
  await us.clock.advance(600_000);
  peer.handler = () => [429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 1e15 }];
  await call({ isVital: true });
  expect(us.peers.troubleOf(name)?.retryTs).toBe(us.clock.now() + 3_600_000);
});

test('a server that is gone is asked rarely, then never, and comes back by itself', async () => {
  peer.handler = () => [410, 'gone'];
  await call();
  await us.restart();
  const goneTs = us.clock.now();
  expect(await shown()).toMatchObject({ state: 'gone', gone_ts: goneTs });
  expect(await call({ ignoresBackOff: true })).toBe('http');
  expect(peer.requests).toHaveLength(1);
  let asked = 1;
  // Its domain ends: it stays gone.
  await peer[Symbol.asyncDispose]();
  us.dns.records.delete('peer.test');
  for (let days = 1; days <= 30; days++) {
    await us.clock.advance(DAY_MS);
    if (!us.peers.isLeftAlone(name)) asked += 1;
    await call();
  }
  expect(asked).toBeLessThanOrEqual(5);
  expect(us.peers.troubleOf(name)).toMatchObject({ goneTs, stage: 'dns' });
  for (let months = 1; months <= 4; months++) {
    await us.clock.advance(40 * DAY_MS);
    await call();
  }
  expect(us.peers.troubleOf(name)).toMatchObject({ goneTs, retryTs: null });
  expect(await shown()).toMatchObject({ next_retry_ts: null });
  await us.clock.advance(1000 * DAY_MS);
  expect(us.peers.isLeftAlone(name)).toBe(true);
});

test('lists, counts and metrics', async () => {
  await us[Symbol.asyncDispose]();
  us = await openPeers();
  us.dns.records.set('peer.test', { A: ['127.0.0.1'] });
  down();
  await call();
  up();
  us.dns.records.set('one.peers.test', { A: ['127.0.0.1'] });
  const other = parseServerName(`one.peers.test:${peer.port}`);
  await us.peers.call({ destination: other, method: 'GET', path: '/x', timeoutMs: 5000, responseSizeBytesMax: 1000 });
  const list = await us.peers.administration.list({ from: '', limit: 1 });
  expect(list).toMatchObject({ destinations: [{ destination: other, state: 'well' }], total: 2, next_token: other });
  expect(await us.peers.administration.list({ from: other, limit: 9 })).toMatchObject({
    destinations: [{ destination: name, state: 'failing', retry_interval: expect.any(Number) }],
  });
  const failing = await us.peers.administration.list({ from: '', limit: 9, state: 'failing' });
  expect(failing).toMatchObject({ total: 1, counts: { well: 1, failing: 1, gone: 0 } });
  expect(await us.peers.administration.show(parseServerName('never.test'))).toBeUndefined();
  expect(await shown()).toMatchObject({
    route: { targets: [{ host: 'peer.test', attempts: [{ family: 4, address: '127.0.0.1', outcome: 'connected' }] }] },
  });
  const metrics = await us.metrics.render();
  expect(metrics).toContain('kintsugi_federation_destinations{state="failing"} 1');
  expect(metrics).toContain('kintsugi_federation_calls_total{outcome="ok"} 1');
  expect(metrics).toContain('kintsugi_federation_calls_total{outcome="http"} 1');
});

test('delays grow, within bounds', () => {
  const config = { firstMs: 1000, longestMs: 60_000 };
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, fraction) => {
        const delayMs = retryDelayMs(failures, config, fraction);
        expect(delayMs).toBeGreaterThanOrEqual(Math.min(1000 * 2 ** (failures - 1), 60_000));
        expect(delayMs).toBeLessThan(60_000 * 1.3);
        expect(retryDelayMs(failures + 1, config, fraction)).toBeGreaterThanOrEqual(delayMs);
        expect(goneDelayMs(failures, 0, fraction)).toBeGreaterThanOrEqual(DAY_MS);
      },
    ),
  );
  expect([1, 2, 3, 9].map((checks) => goneDelayMs(checks, 0, 0)! / DAY_MS)).toEqual([1, 2, 4, 30]);
  expect(goneDelayMs(1, 90 * DAY_MS, 0)).toBeUndefined();
});
