import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type DnsServer, startDnsServer } from '../../../tests/harness/dns-server.ts';
import { type PeerServer, startPeerServer, testAuthorities } from '../../../tests/harness/peer-server.ts';
import { createOutbound, type Outbound } from '../../http/outbound/outbound.ts';
import { createResolver } from '../../http/outbound/resolver.ts';
import { type Cidr, parseCidr } from '../../lib/address.ts';
import { type ManualClock, manualClock } from '../../lib/manual-clock.ts';
import { errorLifetimeMs, lifetimeOf } from './cache-lifetime.ts';
import { createWellKnown, type WellKnownLookup } from './well-known.ts';

const stack = new AsyncDisposableStack();
let dns: DnsServer;
let web: PeerServer;
let outbound: Outbound;
let clock: ManualClock;
let wellKnown: WellKnownLookup;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

beforeAll(async () => {
  const names = ['peer.test', 'delegated.test', 'one.peers.test'];
  dns = stack.use(
    await startDnsServer({
      ...Object.fromEntries(names.map((name) => [name, { A: ['127.0.0.1'] }])),
      'private.test': { A: ['10.0.0.1'] },
    }),
  );
  web = stack.use(await startPeerServer());
  const still = manualClock();
  outbound = stack.use(
    createOutbound({
      clock: still,
      resolver: createResolver({ clock: still, servers: [dns.server], hostsFile: '/nowhere' }),
      allow: [parseCidr('127.0.0.0/8') as Cidr],
      extraCa: testAuthorities(),
    }),
  );
});
afterAll(() => stack.disposeAsync());
beforeEach(() => {
  clock = manualClock();
  web.requests.length = 0;
  wellKnown = createWellKnown({ outbound, clock, verifiesTls: () => true, port: web.port });
});

const answer = (text: string, headers: Record<string, string> = {}, status = 200) => {
  web.handler = (_request, response: ServerResponse) => {
    response.writeHead(status, headers).end(text);
    return undefined;
  };
};
const valid = (server: string, headers: Record<string, string> = {}): void =>
  answer(JSON.stringify({ 'm.server': server }), headers);
const delegated = (server: string) => ({ kind: 'delegated', server });

test('a valid answer, whatever its content type', async () => {
  valid('delegated.test:1', { 'Content-Type': 'text/html' });
  expect(await wellKnown.lookup('Peer.test')).toEqual(delegated('delegated.test:1'));
  expect(web.requests).toMatchObject([{ method: 'GET', url: '/.well-known/matrix/server', sni: 'peer.test' }]);
});

test.each([
  ['no JSON', 'delegated.test', /no JSON$/],
  ['no object', '["delegated.test"]', /no JSON object/],
  ['no m.server', '{"m.serve":"a"}', /no m.server/],
  ['no text', '{"m.server":1}', /no m.server/],
  ['no server name', '{"m.server":"https://a.test"}', /no server name/],
  ['too large', `{"m.server":"a.test"}${' '.repeat(50 * 1024)}`, /larger than/],
])('an answer that is %s counts as none', async (_what, text, why) => {
  answer(text);
  expect(await wellKnown.lookup('peer.test')).toEqual({ kind: 'none', why: expect.stringMatching(why) });
});

test('404 is none, 410 is gone', async () => {
  answer('{"m.server":"a.test"}', {}, 404);
  expect(await wellKnown.lookup('peer.test')).toEqual({ kind: 'none', why: 'HTTP status 404' });
  answer('', {}, 410);
  expect(await wellKnown.lookup('delegated.test')).toEqual({ kind: 'gone' });
});

test('redirects are followed, not in circles, not to http, not to private addresses', async () => {
  const { port } = web;
  const to = (location: string): void => {
    web.handler = (request, response) => {
      if (request.host?.startsWith('one.peers.test')) return [200, { 'm.server': 'b.test' }];
      response.writeHead(302, { Location: location }).end();
      return undefined;
    };
  };
  to(`https://one.peers.test:${port}/anywhere`);
  expect(await wellKnown.lookup('peer.test')).toEqual(delegated('b.test'));
  for (const [location, why] of [
    ['/.well-known/matrix/server', /redirect/],
    ['http://one.peers.test/', /https to http/],
    ['https://private.test/', /private/],
  ] as const) {
    to(location);
    wellKnown.forget('peer.test');
    expect(await wellKnown.lookup('peer.test')).toEqual({ kind: 'none', why: expect.stringMatching(why) });
  }
});

test('asked once by many, then kept as long as the answer says', async () => {
  valid('a.test', { 'Cache-Control': 'public, max-age=600' });
  const lookups = await Promise.all(Array.from({ length: 5 }, () => wellKnown.lookup('peer.test')));
  expect(new Set(lookups.map(({ kind }) => kind))).toEqual(new Set(['delegated']));
  await clock.advance(599_000);
  await wellKnown.lookup('peer.test');
  expect(web.requests).toHaveLength(1);
  valid('b.test');
  await clock.advance(2000);
  expect(await wellKnown.lookup('peer.test')).toEqual(delegated('b.test'));
});

test('failures are kept longer and longer', async () => {
  answer('', {}, 404);
  const asked = async (): Promise<number> => {
    await wellKnown.lookup('peer.test');
    return web.requests.length;
  };
  expect(await asked()).toBe(1);
  await clock.advance(MINUTE_MS - 1);
  expect(await asked()).toBe(1);
  await clock.advance(1);
  expect(await asked()).toBe(2);
  await clock.advance(MINUTE_MS);
  expect(await asked()).toBe(2);
  await clock.advance(MINUTE_MS);
  expect(await asked()).toBe(3);
});

test('a delegation outlives a trouble of its web server, but not 48 hours, and not a clear no', async () => {
  valid('a.test', { 'Cache-Control': 'max-age=3600' });
  await wellKnown.lookup('peer.test');
  answer('', {}, 502);
  await clock.advance(2 * HOUR_MS);
  expect(await wellKnown.lookup('peer.test')).toEqual(delegated('a.test'));
  await clock.advance(45 * HOUR_MS);
  expect(await wellKnown.lookup('peer.test')).toEqual(delegated('a.test'));
  await clock.advance(2 * HOUR_MS);
  expect(await wellKnown.lookup('peer.test')).toMatchObject({ kind: 'none' });
  valid('a.test', { 'Cache-Control': 'max-age=3600' });
  await wellKnown.lookup('delegated.test');
  answer('', {}, 404);
  await clock.advance(2 * HOUR_MS);
  expect(await wellKnown.lookup('delegated.test')).toMatchObject({ kind: 'none' });
});

test('a certificate for another name is no answer', async () => {
  dns.records.set('other.test', { A: ['127.0.0.1'] });
  valid('a.test');
  expect(await wellKnown.lookup('other.test')).toEqual({ kind: 'none', why: expect.stringMatching(/^tls: /) });
});

test.each([
  [{}, 24 * HOUR_MS],
  [{ 'cache-control': 'max-age=7200' }, 2 * HOUR_MS],
  [{ 'cache-control': 'max-age="7200"' }, 2 * HOUR_MS],
  [{ 'cache-control': 'public, Max-Age=99999999' }, 48 * HOUR_MS],
  [{ 'cache-control': 'max-age=1' }, 5 * MINUTE_MS],
  [{ 'cache-control': 'no-store, max-age=7200' }, 5 * MINUTE_MS],
  [{ 'cache-control': 'no-cache' }, 5 * MINUTE_MS],
  [{ 'cache-control': ['public', 'max-age=7200'] }, 2 * HOUR_MS],
  [{ expires: 'Thu, 01 Jan 1970 10:00:00 GMT' }, 10 * HOUR_MS],
  [{ expires: '0' }, 5 * MINUTE_MS],
  [{ 'cache-control': 'max-age=7200', expires: '0' }, 2 * HOUR_MS],
])('%j is kept for %i ms', (headers, expected) => {
  expect(lifetimeOf(headers, 0)).toBe(expected);
});

test('errors are kept for up to an hour', () => {
  expect([1, 2, 3, 7, 1000].map(errorLifetimeMs)).toEqual([1, 2, 4, 60, 60].map((minutes) => minutes * MINUTE_MS));
});
