import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Cidr, parseCidr } from '../../lib/address.ts';
import { systemClock } from '../../lib/clock.ts';
import { createOutbound, type Outbound, type OutboundRequest } from './outbound.ts';
import type { OutboundError, OutboundStage } from './outbound-error.ts';
import { createResolver } from './resolver.ts';

const fixture = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../tests/fixtures/tls/${name}`, import.meta.url)), 'utf8');

let seen: IncomingMessage[] = [];
let bodies: string[] = [];
const answer: RequestListener = (request, response) => {
  seen.push(request);
  const url = new URL(request.url ?? '/', 'http://x');
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.once('end', () => {
    bodies.push(body);
    if (url.pathname === '/redirect') {
      response.writeHead(Number(url.searchParams.get('status') ?? 302), {
        Location: url.searchParams.get('to') ?? '/',
      });
      response.end();
    } else if (url.pathname === '/large') response.end('x'.repeat(5000));
    else if (url.pathname === '/endless') {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', more);
      more();
    } else if (url.pathname === '/silent') return;
    else if (url.pathname === '/stalls') response.write('begin');
    else response.writeHead(201, { 'X-Name': 'value' }).end(`hello ${request.method}`);
  });
};

const plainServer: Server = createServer(answer);
const tlsServer = createTlsServer({ cert: fixture('first.pem'), key: fixture('first.key') }, answer);
const port = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
const plain = (path: string): string => `http://127.0.0.1:${port(plainServer)}${path}`;
const loopback = [parseCidr('127.0.0.0/8'), parseCidr('::1/128')] as Cidr[];

const resolver = createResolver({ clock: systemClock });
let open: Outbound[] = [];
const outbound = (allow: readonly Cidr[] = loopback, extraCa?: string): Outbound => {
  const made = createOutbound({ clock: systemClock, resolver, allow, extraCa, connectTimeoutMs: 2000 });
  open.push(made);
  return made;
};
const limits = { responseSizeBytesMax: 1000, timeoutMs: 3000 };

beforeAll(async () => {
  for (const server of [plainServer, tlsServer]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
});
afterEach(async () => {
  await Promise.all(open.map((each) => each[Symbol.asyncDispose]()));
  open = [];
  seen = [];
  bodies = [];
});
afterAll(() => {
  for (const server of [plainServer, tlsServer]) {
    server.close();
    server.closeAllConnections();
  }
});

const stageOf = async (
  request: Partial<OutboundRequest> & { url: string },
  by = outbound(),
): Promise<OutboundStage | 'none'> =>
  by.request({ ...limits, ...request }).then(
    () => 'none' as const,
    (error: OutboundError) => error.stage,
  );

test('a request and its whole answer', async () => {
  const got = await outbound().request({
    ...limits,
    url: plain('/x'),
    method: 'POST',
    headers: { 'X-A': 'b' },
    body: 'data',
  });
  expect([got.status, got.headers['x-name'], Buffer.from(got.body).toString(), got.url]).toEqual([
    201,
    'value',
    'hello POST',
    plain('/x'),
  ]);
  expect([seen[0]?.headers['x-a'], bodies[0]]).toEqual(['b', 'data']);
});

test.each([
  'http://127.0.0.1:PORT/',
  'http://localhost:PORT/',
  'http://[::1]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://2130706433:PORT/',
  'http://0x7f.1:PORT/',
  'http://0.0.0.0:PORT/',
  'http://10.0.0.1/',
  'http://169.254.169.254/latest/meta-data',
  'http://[fe80::1]/',
  'http://[fd00::1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[2002:7f00:1::]/',
  'http://100.64.0.1/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'ftp://127.0.0.1/',
  'file:///etc/passwd',
  'http://user:password@127.0.0.1:PORT/',
  'nonsense',
])('the guard refuses %s', async (url) => {
  expect(await stageOf({ url: url.replace('PORT', String(port(plainServer))) }, outbound([]))).toBe('refused');
  expect(seen).toEqual([]);
});

test('the guard looks at where a connection is led, too', async () => {
  const connectTo = { host: '127.0.0.1', port: port(plainServer) };
  expect(await stageOf({ url: 'http://example.org/', connectTo }, outbound([]))).toBe('refused');
  const byName = { host: 'localhost', port: port(plainServer) };
  expect(await stageOf({ url: 'http://example.org/', connectTo: byName }, outbound([]))).toBe('refused');
  expect(seen).toEqual([]);
});

test('a network that is allowed lets only its own addresses through', async () => {
  const one = outbound([parseCidr('127.0.0.1/32') as Cidr]);
  expect(await stageOf({ url: plain('/') }, one)).toBe('none');
  expect(await stageOf({ url: plain('/').replace('127.0.0.1', '127.0.0.2') }, one)).toBe('refused');
  const to = encodeURIComponent('http://127.0.0.2/');
  expect(await stageOf({ url: plain(`/redirect?to=${to}`), redirectsMax: 3 }, one)).toBe('refused');
  const byName = encodeURIComponent(`http://localhost:${port(plainServer)}/`);
  expect(await stageOf({ url: plain(`/redirect?to=${byName}`), redirectsMax: 3 }, one)).toBe('none');
});

test('redirects are followed as far as allowed, and secrets stay behind', async () => {
  const headers = { Authorization: 'secret', 'X-A': 'b' };
  const kept = await outbound().request({ ...limits, url: plain('/redirect?to=/x'), headers });
  expect(kept.status).toBe(302);
  const same = await outbound().request({ ...limits, url: plain('/redirect?to=/x'), headers, redirectsMax: 1 });
  expect([same.status, same.url, seen.at(-1)?.headers.authorization]).toEqual([201, plain('/x'), 'secret']);
  const other = `http://localhost:${port(plainServer)}/x`;
  await outbound().request({ ...limits, url: plain(`/redirect?to=${other}`), headers, redirectsMax: 1 });
  expect([seen.at(-1)?.headers.authorization, seen.at(-1)?.headers['x-a']]).toEqual([undefined, 'b']);
  const loop = plain(`/redirect?to=${encodeURIComponent('/redirect?to=/redirect')}`);
  expect(await stageOf({ url: loop, redirectsMax: 2 })).toBe('redirect');
});

test.each([
  [303, 'PUT', 'hello GET', ''],
  [302, 'POST', 'hello GET', ''],
  [302, 'PUT', 'hello PUT', 'data'],
  [307, 'POST', 'hello POST', 'data'],
  [308, 'PUT', 'hello PUT', 'data'],
])('%i after %s', async (status, method, text, body) => {
  const url = plain(`/redirect?status=${status}&to=/x`);
  const got = await outbound().request({ ...limits, url, method, body: 'data', redirectsMax: 1 });
  expect([Buffer.from(got.body).toString(), bodies.at(-1)]).toEqual([text, body]);
});

test('answers too large, announced or not, and too slow', async () => {
  expect(await stageOf({ url: plain('/large') })).toBe('size');
  expect(await stageOf({ url: plain('/large'), responseSizeBytesMax: 5000 })).toBe('none');
  expect(await stageOf({ url: plain('/endless') })).toBe('size');
  expect(await stageOf({ url: plain('/silent'), timeoutMs: 50 })).toBe('timeout');
  expect(await stageOf({ url: plain('/stalls'), timeoutMs: 50 })).toBe('timeout');
  const signal = AbortSignal.abort();
  expect(await stageOf({ url: plain('/silent'), signal })).toBe('aborted');
});

test('failures name their stage', async () => {
  const closed = createTcpServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const closedPort = port(closed);
  await new Promise((resolve) => closed.close(resolve));
  expect(await stageOf({ url: `http://127.0.0.1:${closedPort}/` })).toBe('tcp');
  expect(await stageOf({ url: 'http://name.invalid/' })).toBe('dns');
  const rude = createTcpServer((socket) => socket.end('nonsense\r\n\r\n'));
  await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
  expect(await stageOf({ url: `http://127.0.0.1:${port(rude)}/` })).toBe('http');
  rude.close();
});

test('TLS: only known authorities, and only the name of the URL', async () => {
  const url = `https://127.0.0.1:${port(tlsServer)}/`;
  expect(await stageOf({ url })).toBe('tls');
  const trusting = outbound(loopback, fixture('ca.pem'));
  expect(await stageOf({ url }, trusting)).toBe('none');
  const connectTo = { host: '127.0.0.1', port: port(tlsServer) };
  const got = await trusting.request({ ...limits, url: 'https://first.test/x', connectTo });
  expect([got.status, seen.at(-1)?.headers.host]).toEqual([201, 'first.test']);
  expect(await stageOf({ url: 'https://second.test/', connectTo }, trusting)).toBe('tls');
  await trusting.request({ ...limits, url: 'https://first.test:8448/', connectTo, headers: { Host: 'first.test' } });
  expect(seen.at(-1)?.headers.host).toBe('first.test');
  const down = encodeURIComponent(plain('/'));
  expect(await stageOf({ url: `${url}redirect?to=${down}`, redirectsMax: 1 }, trusting)).toBe('refused');
});

test('a stream is bounded as it flows, and can be given up', async () => {
  const by = outbound();
  const got = await by.stream({ ...limits, url: plain('/endless'), responseSizeBytesMax: 50_000 });
  const read = async (): Promise<void> => {
    for await (const _ of got.body);
  };
  await expect(read()).rejects.toMatchObject({ stage: 'size' });
  const other = await by.stream({ ...limits, url: plain('/endless'), responseSizeBytesMax: 1e9 });
  const gone = new Promise((resolve) => seen.at(-1)?.socket.once('close', resolve));
  other.body.destroy();
  await gone;
});
