import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type DnsServer, startDnsServer } from '../../../tests/harness/dns-server.ts';
import { type ManualClock, manualClock } from '../../lib/manual-clock.ts';
import { createResolver, type Resolver } from './resolver.ts';
import { orderSrv, type SrvTarget } from './srv-order.ts';

let dns: DnsServer;
let directory = '';
let clock: ManualClock;
let resolver: Resolver;
const hostsFile = (): string => join(directory, 'hosts');

beforeAll(async () => {
  dns = await startDnsServer();
  directory = mkdtempSync(join(tmpdir(), 'kintsugi-hosts-'));
  writeFileSync(hostsFile(), '10.0.0.1 listed.test Other.test # 10.0.0.9\n::9 listed.test\nnonsense x.test\n');
});
afterAll(async () => {
  await dns[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  clock = manualClock();
  resolver = createResolver({ clock, servers: [dns.server], hostsFile: hostsFile() });
});
afterEach(() => {
  dns.records.clear();
  dns.asked.length = 0;
});

test('both families, each with its own failure', async () => {
  dns.records.set('both.test', { A: ['192.0.2.1', '192.0.2.2'], AAAA: ['2001:db8::1'] });
  dns.records.set('four.test', { A: ['192.0.2.1'] });
  dns.records.set('broken.test', { rcode: 2 });
  const both = await resolver.addresses('Both.test');
  expect(both.ipv4.addresses.toSorted()).toEqual(['192.0.2.1', '192.0.2.2']);
  expect(both.ipv6).toEqual({ addresses: ['2001:db8::1'] });
  expect(await resolver.addresses('four.test')).toEqual({
    ipv4: { addresses: ['192.0.2.1'] },
    ipv6: { addresses: [], failure: 'ENODATA' },
  });
  expect((await resolver.addresses('absent.test')).ipv4).toEqual({ addresses: [], failure: 'ENOTFOUND' });
  expect((await resolver.addresses('broken.test')).ipv6).toEqual({ addresses: [], failure: 'ESERVFAIL' });
});

test('the hosts file comes first and is read anew when it changes; localhost needs neither', async () => {
  dns.records.set('listed.test', { A: ['192.0.2.1'] });
  expect(await resolver.addresses('LISTED.test.')).toEqual({
    ipv4: { addresses: ['10.0.0.1'] },
    ipv6: { addresses: ['::9'] },
  });
  expect((await resolver.addresses('other.test')).ipv6).toEqual({ addresses: [], failure: 'ENODATA' });
  expect((await resolver.addresses('x.localhost')).ipv4.addresses).toEqual(['127.0.0.1']);
  expect(dns.asked).toEqual([]);
  writeFileSync(hostsFile(), '10.0.0.2 listed.test\n');
  utimesSync(hostsFile(), 1, 1);
  expect((await resolver.addresses('listed.test')).ipv4.addresses).toEqual(['10.0.0.1']);
  await clock.advance(6000);
  expect((await resolver.addresses('listed.test')).ipv4.addresses).toEqual(['10.0.0.2']);
});

test('answers are kept as long as they say, absences for a minute, failures for seconds', async () => {
  dns.records.set('kept.test', { A: ['192.0.2.1'], ttl: 30 });
  const times = (question: string): number => dns.asked.filter((asked) => asked === question).length;
  await Promise.all([resolver.addresses('kept.test'), resolver.addresses('kept.test')]);
  await resolver.addresses('kept.test');
  expect(times('A kept.test')).toBe(1);
  await clock.advance(31_000);
  await resolver.addresses('kept.test');
  expect([times('A kept.test'), times('AAAA kept.test')]).toEqual([2, 1]);
  dns.records.set('_x._tcp.kept.test', { rcode: 2 });
  expect(await resolver.srv('_x._tcp.kept.test')).toEqual({ targets: [], failure: 'ESERVFAIL' });
  const before = times('SRV _x._tcp.kept.test');
  await resolver.srv('_x._tcp.kept.test');
  expect(times('SRV _x._tcp.kept.test')).toBe(before);
  dns.records.set('_x._tcp.kept.test', { SRV: [{ priority: 1, weight: 0, port: 1234, host: 'target.test' }] });
  await clock.advance(6000);
  expect((await resolver.srv('_X._tcp.kept.test')).targets).toEqual([
    { priority: 1, weight: 0, port: 1234, host: 'target.test' },
  ]);
  expect(await resolver.srv('_none._tcp.kept.test')).toEqual({ targets: [] });
});

test('SRV targets: priorities in order, weights by chance, none lost', () => {
  const target = fc.record({
    host: fc.string({ maxLength: 3 }),
    port: fc.nat(3),
    priority: fc.nat(3),
    weight: fc.nat(10),
  });
  fc.assert(
    fc.property(
      fc.array(target, { maxLength: 10 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999 })),
      (all, dice) => {
        const ordered = orderSrv(all, () => dice.next().value!);
        expect(ordered.map(({ priority }) => priority)).toEqual(
          all.map(({ priority }) => priority).toSorted((a, b) => a - b),
        );
        expect(new Set(ordered)).toEqual(new Set(all));
        expect(ordered).toHaveLength(all.length);
      },
    ),
  );
  const heavy: SrvTarget = { host: 'heavy', port: 1, priority: 0, weight: 9 };
  const light: SrvTarget = { host: 'light', port: 1, priority: 0, weight: 1 };
  let first = 0;
  for (let dice = 0; dice < 1; dice += 0.01) if (orderSrv([light, heavy], () => dice)[0] === heavy) first += 1;
  expect(first).toBeGreaterThan(75);
  expect(first).toBeLessThan(100);
});
