import { readFileSync } from 'node:fs';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type DnsServer, startDnsServer } from '../../../tests/harness/dns-server.ts';
import { type Cidr, parseCidr } from '../../lib/address.ts';
import { systemClock } from '../../lib/clock.ts';
import { dial, interleaveFamilies } from './dial.ts';
import { createOutbound, type Outbound } from './outbound.ts';
import type { OutboundError } from './outbound-error.ts';
import { createResolver } from './resolver.ts';

const fixture = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../tests/fixtures/tls/${name}`, import.meta.url)), 'utf8');

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const listen = async <S extends Server | TlsServer>(server: S, host: string, port = 0): Promise<number> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, ipv6Only: true }, resolve);
  });
  open.push(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
};

const options = { clock: systemClock, timeoutMs: 2000 };

test('IPv6 and IPv4 in turn, in the order they came', () => {
  expect(interleaveFamilies(['1.1.1.1', '1.1.1.2', '::1', '1.1.1.3', '::2'])).toEqual([
    '::1',
    '1.1.1.1',
    '::2',
    '1.1.1.2',
    '1.1.1.3',
  ]);
});

test('a family that does not answer is passed over, and both are told of', async () => {
  const port = await listen(createServer(), '127.0.0.1');
  const { socket, attempts } = await dial(['::1', '127.0.0.1'], port, options);
  expect([socket.remoteAddress, attempts]).toEqual([
    '127.0.0.1',
    [
      { address: '::1', family: 6, outcome: 'ECONNREFUSED' },
      { address: '127.0.0.1', family: 4, outcome: 'connected' },
    ],
  ]);
  socket.destroy();
});

test('when none connects, the error names them all', async () => {
  const server = createServer();
  const port = await listen(server, '127.0.0.1');
  await new Promise((resolve) => server.close(resolve));
  const failure = await dial(['::1', '127.0.0.1'], port, options).catch((error: OutboundError) => error);
  expect(failure).toMatchObject({
    stage: 'tcp',
    message: 'cannot connect (IPv6 ::1: ECONNREFUSED; IPv4 127.0.0.1: ECONNREFUSED)',
  });
});

const outboundWith = async (records: DnsServer['records']): Promise<Outbound> => {
  const dns = await startDnsServer(Object.fromEntries(records));
  const made = createOutbound({
    clock: systemClock,
    resolver: createResolver({ clock: systemClock, servers: [dns.server], hostsFile: '/nowhere' }),
    allow: [parseCidr('127.0.0.1/32'), parseCidr('::1/128')] as Cidr[],
    extraCa: fixture('ca.pem'),
  });
  open.push(
    () => made[Symbol.asyncDispose](),
    () => dns[Symbol.asyncDispose](),
  );
  return made;
};
const tlsServer = (name: string): TlsServer =>
  createTlsServer({ cert: fixture(`${name}.pem`), key: fixture(`${name}.key`) }, (_request, response) => {
    response.end(name);
  });
const limits = { responseSizeBytesMax: 1000, timeoutMs: 5000 };

test('a family whose certificate is wrong is passed over, too', async () => {
  const port = await listen(tlsServer('first'), '127.0.0.1');
  await listen(tlsServer('second'), '::1', port);
  const outbound = await outboundWith(new Map([['first.test', { A: ['127.0.0.1'], AAAA: ['::1'] }]]));
  const answer = await outbound.request({ ...limits, url: `https://first.test:${port}/` });
  expect(Buffer.from(answer.body).toString()).toBe('first');
  expect(outbound.lastDial('first.test', port)?.attempts).toMatchObject([
    { family: 6, outcome: expect.stringContaining('connected, then TLS failed: Hostname/IP does not match') },
    { family: 4, outcome: 'connected' },
  ]);
});

test('names that resolve to forbidden addresses are refused; of several, the allowed are called', async () => {
  const port = await listen(tlsServer('first'), '127.0.0.1');
  const outbound = await outboundWith(
    new Map([
      ['first.test', { A: ['127.0.0.2', '127.0.0.1'], AAAA: ['fd00::1'] }],
      ['private.test', { A: ['10.0.0.1'], AAAA: ['::ffff:127.0.0.9'] }],
    ]),
  );
  expect((await outbound.request({ ...limits, url: `https://first.test:${port}/` })).status).toBe(200);
  expect(outbound.lastDial('first.test', port)?.attempts).toEqual([
    { address: '127.0.0.1', family: 4, outcome: 'connected' },
  ]);
  await expect(outbound.request({ ...limits, url: 'https://private.test/' })).rejects.toMatchObject({
    stage: 'refused',
  });
  await expect(outbound.request({ ...limits, url: 'https://absent.test/' })).rejects.toMatchObject({
    stage: 'dns',
    message: 'absent.test cannot be resolved (IPv4: ENOTFOUND; IPv6: ENOTFOUND)',
  });
});

test('a certificate that nobody vouches for is taken only where an exception says so', async () => {
  const port = await listen(tlsServer('peer'), '127.0.0.1');
  const outbound = await outboundWith(new Map([['peer.test', { A: ['127.0.0.1'] }]]));
  const url = `https://peer.test:${port}/`;
  await expect(outbound.request({ ...limits, url })).rejects.toMatchObject({ stage: 'tls' });
  expect((await outbound.request({ ...limits, url, verifiesTls: false })).status).toBe(200);
  await expect(outbound.request({ ...limits, url })).rejects.toMatchObject({ stage: 'tls' });
});
