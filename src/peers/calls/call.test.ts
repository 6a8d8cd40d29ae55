import { createServer as createTcpServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type PeerServer, type PeerServerOptions, startPeerServer } from '../../../tests/harness/peer-server.ts';
import { openPeers, type TestPeers } from '../../../tests/harness/peers.ts';
import { parseServerName } from '../../protocol/ids/server-name.ts';
import { parseXMatrix } from '../../protocol/x-matrix/credentials.ts';
import { verifyRequest } from '../../protocol/x-matrix/sign-request.ts';
import type { PeerError } from '../peer-error.ts';
import type { PeerCall } from './call.ts';

const shared = new AsyncDisposableStack();
let stack: AsyncDisposableStack;
let us: TestPeers;
let web: PeerServer;
let peer: PeerServer;
beforeAll(async () => {
  web = shared.use(await startPeerServer());
  const config = { tlsExceptions: ['wrong.test'], denyServers: ['*.evil.test'] };
  us = shared.use(await openPeers({ wellKnownPort: web.port, config }));
  const names = ['peer.test', 'delegated.test', 'one.peers.test', 'two.peers.test', 'wrong.test', 'other.test'];
  for (const name of names) us.dns.records.set(name, { A: ['127.0.0.1'] });
});
afterAll(() => shared.disposeAsync());
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  web.handler = () => [404, ''];
  // A port of its own, and so a name that no other test put in trouble.
  peer = stack.use(await startPeerServer());
});
afterEach(() => stack.disposeAsync());

const startOther = async (options: PeerServerOptions): Promise<PeerServer> => stack.use(await startPeerServer(options));

const call = (destination: string, more: Partial<PeerCall> = {}) =>
  us.peers.call({
    destination: parseServerName(destination),
    method: 'GET',
    path: '/_matrix/federation/v1/version',
    timeoutMs: 10_000,
    responseSizeBytesMax: 100_000,
    ...more,
  });
const failureOf = (destination: string, more: Partial<PeerCall> = {}): Promise<PeerError> =>
  call(destination, more).then(
    () => expect.fail('it did not fail'),
    (error: PeerError) => error,
  );
const atPeer = (): string => `peer.test:${peer.port}`;

describe('requests', () => {
  test('are signed over exactly what is sent, and their answers come without loss', async () => {
    peer.handler = () => [200, '{"float":1.50,"big":12345678901234567890}'];
    const answer = await call(atPeer(), {
      method: 'PUT',
      path: '/_matrix/federation/v1/send/a%2Fb',
      query: { v: ['1', 'ä &'], none: undefined, limit: 5 },
      body: { b: 1, a: 'ü' },
    });
    expect(answer.text).toBe('{"float":1.50,"big":12345678901234567890}');
    expect(JSON.stringify(answer.json())).toBe(answer.text);
    const [request] = peer.requests;
    const url = '/_matrix/federation/v1/send/a%2Fb?v=1&v=%C3%A4%20%26&limit=5';
    expect(request).toMatchObject({ method: 'PUT', url, body: '{"a":"ü","b":1}', sni: 'peer.test', host: atPeer() });
    const credentials = parseXMatrix(request?.authorization ?? '');
    const destination = parseServerName(atPeer());
    expect(credentials).toMatchObject({ origin: 'us.test', destination });
    const signed = { method: 'PUT', uri: url, origin: credentials.origin, destination, contentJson: request!.body };
    expect(await verifyRequest(signed, credentials, us.identity.signingKey.publicKey)).toBe(true);
  });

  test('without a body have none, with a canonical text keep it', async () => {
    await call(atPeer());
    await call(atPeer(), { method: 'PUT', body: '{"depth":1.0}' });
    expect(peer.requests.map(({ body }) => body)).toEqual(['', '{"depth":1.0}']);
  });

  test('with a path that a URL would change are a mistake', async () => {
    for (const path of ['/_matrix/../x', '/_matrix/%2e%2E/x', '//evil.test/x', '/a?b', '/a#b', '/a b']) {
      await expect(call(atPeer(), { path })).rejects.toThrow('no plain path');
    }
    expect(peer.requests).toEqual([]);
  });

  test('stream their answers', async () => {
    peer.handler = () => [200, 'file'];
    const request = {
      destination: parseServerName(atPeer()),
      method: 'GET',
      path: '/x',
      timeoutMs: 5000,
      responseSizeBytesMax: 100,
    } as const;
    const { body } = await us.peers.stream(request);
    expect((await body.toArray()).join('')).toBe('file');
    peer.handler = () => [404, { errcode: 'M_NOT_FOUND' }];
    await expect(us.peers.stream(request)).rejects.toMatchObject({ stage: 'application', errcode: 'M_NOT_FOUND' });
  });
});

describe('routes', () => {
  test('IP literals: the certificate is for the address, no SNI', async () => {
    const six = await startOther({ host: '::1' });
    await call(`127.0.0.1:${peer.port}`);
    await call(`[::1]:${six.port}`);
    expect(peer.requests).toMatchObject([{ sni: false, host: `127.0.0.1:${peer.port}` }]);
    expect(six.requests).toMatchObject([{ sni: false, host: `[::1]:${six.port}` }]);
  });

  test('SRV: connects to the target, asks for the name of the server', async () => {
    us.dns.records.set('_matrix-fed._tcp.one.peers.test', {
      SRV: [{ priority: 0, weight: 0, port: peer.port, host: 'target.test' }],
    });
    us.dns.records.set('target.test', { A: ['127.0.0.1'] });
    await call('one.peers.test');
    expect(peer.requests).toMatchObject([{ sni: 'one.peers.test', host: 'one.peers.test' }]);
  });

  test('delegation: the certificate, SNI and Host are of the delegated name, the signature for the server', async () => {
    web.handler = () => [200, { 'm.server': `delegated.test:${peer.port}` }];
    await call('peer.test');
    expect(peer.requests).toMatchObject([{ sni: 'delegated.test', host: `delegated.test:${peer.port}` }]);
    expect(parseXMatrix(peer.requests[0]?.authorization ?? '').destination).toBe('peer.test');
  });

  test('of several targets the next is tried, and the one that answered comes first from then on', async () => {
    const dead = await startOther({});
    us.dns.records.set('_matrix-fed._tcp.two.peers.test', {
      SRV: [
        { priority: 0, weight: 0, port: dead.port, host: 'dead.test' },
        { priority: 1, weight: 0, port: peer.port, host: 'live.test' },
      ],
    });
    await dead[Symbol.asyncDispose]();
    for (const host of ['dead.test', 'live.test']) us.dns.records.set(host, { A: ['127.0.0.1'] });
    await call('two.peers.test');
    expect(us.dns.asked).toContain('A dead.test');
    us.dns.asked.length = 0;
    await call('two.peers.test');
    expect(us.dns.asked.filter((asked) => asked.includes('dead.test'))).toEqual([]);
    expect(peer.requests).toHaveLength(2);
  });

  test('an exception of the operator takes any certificate of that server', async () => {
    await call(`wrong.test:${peer.port}`);
    expect(await failureOf(`other.test:${peer.port}`)).toMatchObject({ stage: 'tls' });
  });
});

describe('failures', () => {
  test('name the stage', async () => {
    const closed = createTcpServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    us.dns.records.set('private.test', { A: ['10.0.0.1'] });
    const stages = async (name: string) => {
      const { stage, isDown, message } = await failureOf(name);
      return [stage, isDown, message];
    };
    expect(await stages('absent.test:1')).toEqual(['dns', true, expect.stringContaining('ENOTFOUND')]);
    expect(await stages(`peer.test:${port}`)).toEqual(['tcp', true, 'cannot connect (IPv4 127.0.0.1: ECONNREFUSED)']);
    expect(await stages('private.test:1')).toEqual(['tcp', true, expect.stringContaining('private')]);
    expect(await stages(`other.test:${peer.port}`)).toEqual(['tls', true, expect.stringContaining('altnames')]);
  });

  test.each([
    [[500, 'oops'], { stage: 'http', isDown: true, status: 500 }],
    [[502, '<html>'], { stage: 'http', isDown: true }],
    [[403, '<html>'], { stage: 'http', isDown: true }],
    [[302, ''], { stage: 'http', isDown: true }],
    [[404, '<html>'], { stage: 'http', isDown: false }],
    [[413, '<html>'], { stage: 'http', isDown: false }],
    [[500, { errcode: 'M_UNKNOWN', error: 'no' }], { stage: 'application', isDown: false, errcode: 'M_UNKNOWN' }],
    [[404, { errcode: 'M_NOT_FOUND', error: 'no' }], { stage: 'application', isDown: false, status: 404 }],
    [[401, { errcode: 'M_UNAUTHORIZED' }], { stage: 'signature', isDown: true }],
    [[429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 1500 }], { stage: 'application', retryAfterMs: 1500 }],
    [[410, 'gone'], { stage: 'http', isDown: true, isGone: true }],
  ] as [[number, string | { errcode: string }], object][])('%j', async ([status, body], expected) => {
    peer.handler = () => [status, body];
    expect(await failureOf(atPeer())).toMatchObject({ destination: atPeer(), ...expected });
  });

  test('of one request do not put the server in doubt: too large, given up', async () => {
    peer.handler = () => [200, 'x'.repeat(2000)];
    expect(await failureOf(atPeer(), { responseSizeBytesMax: 1000 })).toMatchObject({ stage: 'http', isDown: false });
    const controller = new AbortController();
    peer.handler = () => {
      controller.abort();
      return undefined;
    };
    expect(await failureOf(atPeer(), { signal: controller.signal })).toMatchObject({ isDown: false });
    peer.handler = () => [200, '[1]'];
    await expect(call(atPeer()).then((answer) => answer.json())).rejects.toMatchObject({ stage: 'http' });
    peer.handler = (_request, response) => {
      response.end(Buffer.from([0x7b, 0xff, 0x7d]));
      return undefined;
    };
    expect((await failureOf(atPeer())).message).toBe('the answer is not UTF-8');
    expect(us.peers.troubleOf(parseServerName(atPeer()))).toBeUndefined();
  });

  test('silence is one, too', async () => {
    peer.handler = () => undefined;
    expect(await failureOf(atPeer(), { timeoutMs: 100 })).toMatchObject({ stage: 'http', isDown: true });
  });

  test('this server, and those that the configuration excludes, are not called', async () => {
    us.dns.asked.length = 0;
    expect(await failureOf('us.test')).toMatchObject({ stage: 'application' });
    expect(await failureOf('a.EVIL.test:9')).toMatchObject({ errcode: 'M_FORBIDDEN', isDown: false });
    expect(us.dns.asked).toEqual([]);
  });
});
