import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type DnsServer, startDnsServer } from '../../../tests/harness/dns-server.ts';
import { createResolver, type Resolver } from '../../http/outbound/resolver.ts';
import { manualClock } from '../../lib/manual-clock.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { parseServerName } from '../../protocol/ids/server-name.ts';
import { discover, type PeerRoute } from './discover.ts';
import type { WellKnown } from './well-known.ts';

let dns: DnsServer;
let resolver: Resolver;
const wellKnowns = new Map<string, WellKnown>();
const looked: string[] = [];

beforeAll(async () => {
  dns = await startDnsServer();
});
afterAll(() => dns[Symbol.asyncDispose]());
beforeEach(() => {
  dns.records.clear();
  dns.asked.length = 0;
  wellKnowns.clear();
  looked.length = 0;
  resolver = createResolver({ clock: manualClock(), servers: [dns.server], hostsFile: '/nowhere' });
});

const wellKnown = {
  lookup: async (hostname: string): Promise<WellKnown> => {
    looked.push(hostname);
    return wellKnowns.get(hostname) ?? { kind: 'none', why: 'HTTP status 404' };
  },
  forget: () => {},
};
const find = (name: string): Promise<PeerRoute> => discover(parseServerName(name), { wellKnown, resolver });
const delegate = (from: string, to: string): void => {
  wellKnowns.set(from, { kind: 'delegated', server: to as ServerName });
};
const srv = (name: string, ...targets: string[]): void => {
  const records = targets.map((target, index) => {
    const [host = '', port] = target.split(':');
    return { host, port: Number(port), priority: index, weight: 0 };
  });
  dns.records.set(name, { SRV: records });
};
/** Where it connects, which certificate it wants, which Host it sends. */
const route = async (name: string): Promise<string[]> => {
  const { targets, tlsName, hostHeader } = await find(name);
  return [targets.map(({ host, port }) => `${host} ${port}`).join(','), tlsName, hostHeader];
};

test.each([
  ['1. an IPv4 literal', '192.0.2.1', ['192.0.2.1 8448', '192.0.2.1', '192.0.2.1']],
  ['1. an IPv4 literal with a port', '192.0.2.1:81', ['192.0.2.1 81', '192.0.2.1', '192.0.2.1:81']],
  ['1. an IPv6 literal', '[2001:db8::1]', ['2001:db8::1 8448', '2001:db8::1', '[2001:db8::1]']],
  ['1. an IPv6 literal with a port', '[2001:db8::1]:81', ['2001:db8::1 81', '2001:db8::1', '[2001:db8::1]:81']],
  ['2. an explicit port', 'a.test:81', ['a.test 81', 'a.test', 'a.test:81']],
])('%s needs no lookup', async (_step, name, expected) => {
  delegate('a.test', 'elsewhere.test');
  srv('_matrix-fed._tcp.a.test', 'srv.test:9');
  expect(await route(name)).toEqual(expected);
  expect([looked, dns.asked]).toEqual([[], []]);
});

test.each([
  ['3.1 to an IP literal', '192.0.2.9', ['192.0.2.9 8448', '192.0.2.9', '192.0.2.9']],
  ['3.1 with a port', '[::9]:82', ['::9 82', '::9', '[::9]:82']],
  ['3.2 to a host with a port', 'b.test:82', ['b.test 82', 'b.test', 'b.test:82']],
])('delegated %s', async (_step, to, expected) => {
  delegate('a.test', to);
  srv('_matrix-fed._tcp.b.test', 'srv.test:9');
  expect(await route('a.test')).toEqual(expected);
  expect(dns.asked).toEqual([]);
});

test('3.3 to 3.5: delegated to a host: its SRV records, the old kind, its port 8448', async () => {
  delegate('a.test', 'b.test');
  srv('_matrix-fed._tcp.a.test', 'wrong.test:1');
  expect(await route('a.test')).toEqual(['b.test 8448', 'b.test', 'b.test']);
  delegate('a.test', 'c.test');
  srv('_matrix._tcp.c.test', 'old.test:83');
  expect(await route('a.test')).toEqual(['old.test 83', 'c.test', 'c.test']);
  delegate('a.test', 'd.test');
  srv('_matrix._tcp.d.test', 'old.test:83');
  srv('_matrix-fed._tcp.d.test', 'new.test:84', 'newer.test:85');
  expect(await route('a.test')).toEqual(['new.test 84,newer.test 85', 'd.test', 'd.test']);
});

test('4 to 6: not delegated: the own SRV records, the old kind, port 8448', async () => {
  expect(await route('a.test')).toEqual(['a.test 8448', 'a.test', 'a.test']);
  srv('_matrix._tcp.b.test', 'old.test:83');
  expect(await route('b.test')).toEqual(['old.test 83', 'b.test', 'b.test']);
  srv('_matrix-fed._tcp.c.test', 'new.test:84');
  srv('_matrix._tcp.c.test', 'old.test:83');
  expect(await route('c.test')).toEqual(['new.test 84', 'c.test', 'c.test']);
  expect((await find('c.test')).steps).toEqual([
    'well-known: none (HTTP status 404)',
    'SRV _matrix-fed._tcp.c.test: new.test:84',
  ]);
});

test('DNS that fails for SRV leads to the next step', async () => {
  dns.records.set('_matrix-fed._tcp.a.test', { rcode: 2 });
  srv('_matrix._tcp.a.test', 'old.test:83');
  expect(await route('a.test')).toEqual(['old.test 83', 'a.test', 'a.test']);
  expect((await find('a.test')).steps[1]).toBe('SRV _matrix-fed._tcp.a.test: ESERVFAIL');
});

test.each([
  ['a name under .invalid', ['gone.invalid:1', 'INVALID:2']],
  ['the root', [':1']],
])('SRV to %s: gone for good', async (_what, targets) => {
  srv('_matrix-fed._tcp.a.test', ...targets);
  await expect(find('a.test')).rejects.toMatchObject({ stage: 'dns', isGone: true, isDown: true });
});

test('one target that leads nowhere is left out while others do not', async () => {
  srv('_matrix-fed._tcp.a.test', 'x.invalid:1', 'new.test:84');
  expect(await route('a.test')).toEqual(['new.test 84', 'a.test', 'a.test']);
});

test('410 for well-known: gone for good', async () => {
  wellKnowns.set('a.test', { kind: 'gone' });
  await expect(find('a.test')).rejects.toMatchObject({ stage: 'http', status: 410, isGone: true });
});
