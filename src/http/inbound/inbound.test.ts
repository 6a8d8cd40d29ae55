import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { startEdge } from '../../../tests/harness/edge.ts';
import { deferred } from '../../lib/deferred.ts';
import { Type } from '../../lib/json-schema.ts';
import { manualClock } from '../../lib/manual-clock.ts';
import { forbidden, unknownToken } from '../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { Answer, type Caller, endpoint, jsonText } from './endpoint.ts';
import { optionalInt, roomIdParam, text, texts } from './params.ts';
import type { Authenticator, SignedRequest } from './ports.ts';

const plain = { spec: 'x', auth: 'none', limit: 'none' } as const;
const hello = endpoint({ ...plain, route: 'GET /hello', handle: async () => ({ hello: 'world' }) });
const echo = endpoint({
  ...plain,
  route: 'POST /echo',
  body: 'object',
  handle: async ({ body, bodyText }) => ({ body, size: bodyText.length }),
});
const typed = endpoint({
  ...plain,
  route: 'PUT /typed',
  body: Type.Object({ name: Type.String(), count: Type.Optional(Type.Integer()) }),
  handle: async ({ body }) => body,
});
const room = endpoint({
  ...plain,
  route: 'GET /rooms/{roomId}/events/{eventId}',
  also: ['GET /r0/rooms/{roomId}/events/{eventId}', 'GET /rooms/{roomId}/events/'],
  params: { roomId: roomIdParam, eventId: text },
  query: { limit: optionalInt({ default: 10, max: 100, clamp: true }), via: texts },
  handle: async ({ params, query }) => ({ ...params, ...query }),
});

const callers: Readonly<Record<string, Partial<Caller>>> = {
  alice: {},
  guest: { isGuest: true },
  admin: { isAdmin: true },
  locked: { isLocked: true },
  suspended: { isSuspended: true },
  bridge: { isUnlimited: true },
};
const authenticator: Authenticator = {
  authenticate(token, asserted) {
    const known = callers[token];
    if (!known) throw unknownToken('Unknown access token.');
    const userId = (asserted?.userId ?? `@${token}:x`) as UserId;
    return {
      userId,
      user: 1,
      deviceId: asserted?.deviceId ?? 'D',
      device: 1,
      session: 1,
      isGuest: false,
      isAdmin: false,
      ...known,
    } as Caller;
  },
};
const who = (auth: 'user' | 'guest' | 'admin' | 'optional', path: string) =>
  endpoint({ ...plain, auth, route: `GET /${path}`, handle: async ({ caller }) => ({ user: caller?.userId ?? null }) });

test('answers JSON with CORS, length and request id', async () => {
  await using edge = await startEdge([hello]);
  const reply = await edge.ask('GET', '/hello?x=1');
  expect(reply.json).toEqual({ hello: 'world' });
  expect(reply.headers).toMatchObject({
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
    'content-length': '17',
    'x-request-id': expect.stringMatching(/^\w+-\w+$/),
  });
});

test('HEAD answers as GET without the body', async () => {
  await using edge = await startEdge([hello]);
  const reply = await edge.ask('HEAD', '/hello');
  expect([reply.status, reply.text, reply.headers['content-length']]).toEqual([200, '', '17']);
});

test('404 and 405 are M_UNRECOGNIZED, with CORS', async () => {
  await using edge = await startEdge([hello, echo]);
  for (const path of ['/unknown', '/hello/', '/hello/more', '//hello', '/HELLO', '/']) {
    const reply = await edge.ask('GET', path);
    expect([path, reply.status, reply.json.errcode]).toEqual([path, 404, 'M_UNRECOGNIZED']);
    expect(reply.headers['access-control-allow-origin']).toBe('*');
  }
  for (const method of ['PUT', 'PATCH', 'DELETE', 'POST']) {
    const reply = await edge.ask(method, '/hello', { body: '{}' });
    expect([reply.status, reply.json.errcode, reply.headers.allow]).toEqual([405, 'M_UNRECOGNIZED', 'GET']);
  }
  expect((await edge.ask('GET', '/echo')).status).toBe(405);
});

test('OPTIONS is answered everywhere and runs nothing', async () => {
  await using edge = await startEdge([who('user', 'me')], { authenticator });
  for (const path of ['/me', '/unknown', '/%ff']) {
    const reply = await edge.ask('OPTIONS', path);
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect(reply.headers['access-control-allow-methods']).toContain('PUT');
    expect(reply.headers['access-control-allow-headers']).toContain('Authorization');
  }
});

test('parameters are decoded once, and an encoded slash does not split them', async () => {
  await using edge = await startEdge([room]);
  const reply = await edge.ask('GET', '/rooms/%21a%2Fb%3Ax/events/%24e%252F?limit=500&via=a&via=b%20c+d');
  expect(reply.json).toEqual({ roomId: '!a/b:x', eventId: '$e%2F', limit: 100, via: ['a', 'b c d'] });
  expect((await edge.ask('GET', '/r0/rooms/!a:x/events/$e')).json).toMatchObject({ limit: 10, via: [] });
  expect((await edge.ask('GET', '/rooms/!a:x/events/')).json).toEqual({ roomId: '!a:x', limit: 10, via: [] });
});

test.each([
  '/rooms/%ff/events/x',
  '/rooms/!a:x/events/%',
  '/rooms/nonsense/events/x',
  '/rooms/!a:x/events/a%00b',
  '/rooms/!a:x/events/x?limit=many',
  '/rooms/!a:x/events/x?via=%ff',
  '/rooms/!a:x/events/x?via=%00',
])('bad parameters: %s', async (path) => {
  await using edge = await startEdge([room]);
  const reply = await edge.ask('GET', path);
  expect([reply.status, reply.json.errcode]).toEqual([400, 'M_INVALID_PARAM']);
});

test('a body is JSON whatever its content type, and absent is {}', async () => {
  await using edge = await startEdge([echo]);
  const body = '{"a":"\\u00e9","__proto__":{"b":1}}';
  for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
    const reply = await edge.ask('POST', '/echo', { body, headers: { 'Content-Type': type } });
    expect(reply.text).toBe(`{"body":{"a":"é","__proto__":{"b":1}},"size":${body.length}}`);
  }
  expect((await edge.ask('POST', '/echo')).json).toEqual({ body: {}, size: 0 });
});

const deep = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
test.each([
  ['{"a":', 'M_NOT_JSON'],
  ['{"a":NaN}', 'M_NOT_JSON'],
  ['{"a":1}}', 'M_NOT_JSON'],
  ['a=b&c=d', 'M_NOT_JSON'],
  [Buffer.from('{"a":"\x81"}', 'latin1'), 'M_NOT_JSON'],
  ['[]', 'M_BAD_JSON'],
  ['"text"', 'M_BAD_JSON'],
  ['null', 'M_BAD_JSON'],
  ['{"a":1,"a":2}', 'M_BAD_JSON'],
  ['{"x":[{"a":1,"\\u0061":2}]}', 'M_BAD_JSON'],
  ['{"a":"\\ud800"}', 'M_BAD_JSON'],
  ['{"\\udfff":1}', 'M_BAD_JSON'],
  ['{"a":["\\u0000"]}', 'M_BAD_JSON'],
  [deep(200), 'M_BAD_JSON'],
  ['['.repeat(50_000), 'M_BAD_JSON'],
])('bad body %#', async (body, errcode) => {
  await using edge = await startEdge([echo]);
  const reply = await edge.ask('POST', '/echo', { body });
  expect([reply.status, reply.json.errcode]).toEqual([400, errcode]);
});

test('what only looks bad is taken', async () => {
  await using edge = await startEdge([echo]);
  for (const body of [
    deep(199),
    '{"a":"\\ud83d\\ude00 : { [ \\" \\\\","b":{"a":1}}',
    '{"a":"\\\\ud800 \\\\u0000"}',
    ' {} ',
  ]) {
    expect((await edge.ask('POST', '/echo', { body })).json.body).toEqual(JSON.parse(body));
  }
});

test.each([
  ['{}', 'M_MISSING_PARAM', 'name'],
  ['{"name":null}', 'M_BAD_JSON', 'name must be a string'],
  ['{"name":"a","count":1.5}', 'M_BAD_JSON', 'count must be an integer'],
])('a body that does not fit its schema: %s', async (body, errcode, message) => {
  await using edge = await startEdge([typed]);
  const reply = await edge.ask('PUT', '/typed', { body });
  expect([reply.status, reply.json.errcode]).toEqual([400, errcode]);
  expect(reply.json.error).toContain(message);
});

test('null counts as absent where a key is optional', async () => {
  await using edge = await startEdge([typed]);
  expect((await edge.ask('PUT', '/typed', { body: '{"name":"a","count":null}' })).json).toEqual({ name: 'a' });
});

test('a body too large is refused with 413, whether announced or not', async () => {
  await using edge = await startEdge([echo]);
  const body = JSON.stringify({ a: 'x'.repeat(200_000) });
  const announced = await edge.ask('POST', '/echo', { body });
  const chunked = await edge.ask('POST', '/echo', { body, headers: { 'Transfer-Encoding': 'chunked' } });
  for (const reply of [announced, chunked]) expect([reply.status, reply.json.errcode]).toEqual([413, 'M_TOO_LARGE']);
  const compressed = await edge.ask('POST', '/echo', { body: '{}', headers: { 'Content-Encoding': 'gzip' } });
  expect(compressed.status).toBe(415);
});

test('slow bodies and slow headers are cut off', async () => {
  const limits = { bodySizeBytesMax: 1000, federationBodySizeBytesMax: 1000, bodyTimeoutMs: 40, bodyIdleTimeoutMs: 40 };
  await using edge = await startEdge([echo], { config: { limits }, limits: { headersTimeoutMs: 60 } });
  expect(await edge.raw('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"a"')).toMatch(
    /^HTTP\/1.1 408 .*M_UNKNOWN/s,
  );
  expect(await edge.raw('GET /hello HTTP/1.1\r\nHos')).toMatch(/^HTTP\/1.1 408|^$/);
});

test('a form and a raw body', async () => {
  const form = endpoint({
    ...plain,
    route: 'POST /form',
    body: 'form',
    handle: async ({ body }) => Object.fromEntries(body),
  });
  const raw = endpoint({
    ...plain,
    route: 'POST /raw',
    body: 'raw',
    bodySizeBytesMax: 500_000,
    async handle({ body }) {
      let size = 0;
      for await (const chunk of body) size += chunk.length;
      return { size };
    },
  });
  await using edge = await startEdge([form, raw]);
  expect((await edge.ask('POST', '/form', { body: 'a=1&b=x%20y' })).json).toEqual({ a: '1', b: 'x y' });
  expect((await edge.ask('POST', '/raw', { body: Buffer.alloc(300_000) })).json).toEqual({ size: 300_000 });
  const headers = { 'Transfer-Encoding': 'chunked' };
  const tooLarge = await edge.ask('POST', '/raw', { body: Buffer.alloc(600_000), headers });
  expect([tooLarge.status, tooLarge.json.errcode]).toEqual([413, 'M_TOO_LARGE']);
});

test('who may call', async () => {
  await using edge = await startEdge(
    [
      who('user', 'user'),
      who('guest', 'guest'),
      who('admin', 'admin'),
      who('optional', 'optional'),
      endpoint({ ...plain, auth: 'user', route: 'POST /logout', allowsLocked: true, handle: async () => ({}) }),
      endpoint({ ...plain, auth: 'user', route: 'POST /send', refusesSuspended: true, handle: async () => ({}) }),
    ],
    { authenticator },
  );
  const as = async (method: string, token: string | undefined, path: string): Promise<unknown> => {
    const reply = await edge.ask(
      method,
      path,
      token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } },
    );
    return reply.status === 200 ? (reply.json.user ?? 'ok') : `${reply.status} ${String(reply.json.errcode)}`;
  };
  expect(await as('GET', 'alice', '/user')).toBe('@alice:x');
  expect(await as('GET', undefined, '/user')).toBe('401 M_MISSING_TOKEN');
  expect(await as('GET', 'nobody', '/user')).toBe('401 M_UNKNOWN_TOKEN');
  expect(await as('GET', undefined, '/user?access_token=alice')).toBe('@alice:x');
  expect(await as('GET', 'guest', '/user')).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
  expect(await as('GET', 'guest', '/guest')).toBe('@guest:x');
  expect(await as('GET', 'alice', '/admin')).toBe('403 M_FORBIDDEN');
  expect(await as('GET', 'admin', '/admin')).toBe('@admin:x');
  expect(await as('GET', undefined, '/optional')).toBe('ok');
  expect(await as('GET', 'alice', '/optional')).toBe('@alice:x');
  expect(await as('GET', 'locked', '/user')).toBe('401 M_USER_LOCKED');
  expect(await as('POST', 'locked', '/logout')).toBe('ok');
  expect(await as('GET', 'suspended', '/user')).toBe('@suspended:x');
  expect(await as('POST', 'suspended', '/send')).toBe('403 M_USER_SUSPENDED');
  expect(await as('GET', 'bridge', '/user?user_id=%40ghost%3Ax')).toBe('@ghost:x');
  expect(edge.logged.join('')).not.toMatch(/access_token|alice"/);
});

test('a server signs its request: every Authorization header, the raw target and the body are handed on', async () => {
  const seen: SignedRequest[] = [];
  const verifyServer: NonNullable<Authenticator['verifyServer']> = async (request) => {
    seen.push(request);
    return 'remote' as Awaited<ReturnType<NonNullable<Authenticator['verifyServer']>>>;
  };
  const send = endpoint({
    ...plain,
    auth: 'server',
    route: 'PUT /send/{txnId}',
    params: { txnId: text },
    body: 'object',
    handle: async ({ caller, body }) => ({ from: caller.serverName, body }),
  });
  await using edge = await startEdge([send], { authenticator: { ...authenticator, verifyServer } });
  const headers = { Authorization: ['X-Matrix a', 'X-Matrix b'] };
  const body = '{"pdus":[{"a":1,"a":2}]}';
  const reply = await edge.ask('PUT', '/send/1%20?b=%2F', { headers, body });
  expect(reply.json).toEqual({ from: 'remote', body: { pdus: [{ a: 2 }] } });
  expect(seen).toEqual([
    {
      method: 'PUT',
      target: '/send/1%20?b=%2F',
      authorization: ['X-Matrix a', 'X-Matrix b'],
      content: { pdus: [{ a: 2 }] },
      contentText: body,
    },
  ]);
  expect((await edge.ask('PUT', '/send/1', { body })).json.errcode).toBe('M_UNAUTHORIZED');
  await using closed = await startEdge([send], { authenticator });
  expect((await closed.ask('PUT', '/send/1', { headers, body })).status).toBe(403);
});

test('limits count by user, or by address, and say when to come back', async () => {
  const clock = manualClock();
  const { edgeConfig } = await import('../../../tests/harness/edge.ts');
  const config = { rateLimits: { ...edgeConfig.rateLimits, enabled: true }, trustedProxies: ['127.0.0.0/8'] };
  const send = endpoint({ ...plain, auth: 'user', limit: 'message', route: 'PUT /send', handle: async () => ({}) });
  const login = endpoint({ ...plain, limit: 'login', route: 'POST /login', handle: async () => ({}) });
  await using edge = await startEdge([send, login], { authenticator, config, clock });
  const as = (token: string) => edge.ask('PUT', '/send', { headers: { Authorization: `Bearer ${token}` } });
  expect([(await as('alice')).status, (await as('alice')).status]).toEqual([200, 200]);
  const refused = await as('alice');
  expect(refused.json).toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 1000 });
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
  expect((await as('admin')).status).toBe(200);
  for (let i = 0; i < 5; i++) expect((await as('bridge')).status).toBe(200);
  await clock.advance(1000);
  expect((await as('alice')).status).toBe(200);
  const from = (address: string) => edge.ask('POST', '/login', { headers: { 'X-Forwarded-For': address } });
  expect([(await from('192.0.2.1')).status, (await from('192.0.2.1')).status]).toEqual([200, 200]);
  expect((await from('192.0.2.1')).status).toBe(429);
  expect((await from('192.0.2.2')).status).toBe(200);
});

test('forwarded addresses are believed only from trusted proxies, and from the right', async () => {
  const where = endpoint({ ...plain, route: 'GET /where', handle: async ({ address }) => ({ address }) });
  const headers = { 'X-Forwarded-For': '6.6.6.6, 192.0.2.1, 10.0.0.5' };
  await using trusting = await startEdge([where], { config: { trustedProxies: ['127.0.0.1', '10.0.0.0/8'] } });
  expect((await trusting.ask('GET', '/where', { headers })).json.address).toBe('192.0.2.1');
  expect((await trusting.ask('GET', '/where')).json.address).toBe('127.0.0.1');
  await using distrusting = await startEdge([where]);
  expect((await distrusting.ask('GET', '/where', { headers })).json.address).toBe('127.0.0.1');
});

test('errors: a MatrixError is its body, everything else is a 500 with the request id, logged once', async () => {
  const no = endpoint({
    ...plain,
    route: 'GET /no',
    handle: () => Promise.reject(forbidden('Not you.', { fields: { a: 1 } })),
  });
  const broken = endpoint({ ...plain, route: 'GET /broken', handle: () => Promise.reject(new Error('secret detail')) });
  const thrown = endpoint({
    ...plain,
    route: 'GET /thrown',
    handle() {
      throw new Error('secret detail');
    },
  });
  await using edge = await startEdge([no, broken, thrown]);
  const refused = await edge.ask('GET', '/no');
  expect([refused.status, refused.json]).toEqual([403, { errcode: 'M_FORBIDDEN', error: 'Not you.', a: 1 }]);
  for (const path of ['/broken', '/thrown']) {
    const reply = await edge.ask('GET', `${path}?access_token=hush`);
    expect([reply.status, reply.json.errcode]).toEqual([500, 'M_UNKNOWN']);
    expect(reply.text).not.toContain('secret');
    const id = String(reply.headers['x-request-id']);
    expect(reply.json.error).toContain(id);
    const lines = edge.logged.filter((line) => line.includes(id) && line.includes('"level":"error"'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('secret detail');
    expect(lines[0]).not.toContain('hush');
  }
});

test('answers can be texts, bytes and streams', async () => {
  async function* parts(): AsyncGenerator<string> {
    yield '{"a":';
    yield '1}';
  }
  const as = (path: string, answer: () => Answer) =>
    endpoint({ ...plain, route: `GET /${path}`, handle: async () => answer() });
  await using edge = await startEdge([
    as('text', () => jsonText('{"é":1}', 201)),
    as('bytes', () => new Answer(200, new Uint8Array([104, 105]), { 'Content-Type': 'text/plain' })),
    as('stream', () => new Answer(200, Readable.from([Buffer.alloc(100_000, 'x'), Buffer.alloc(100_000, 'y')]))),
    as('parts', () => jsonText(parts())),
    as('empty', () => new Answer(302, undefined, { Location: '/x' })),
  ]);
  const created = await edge.ask('GET', '/text');
  expect([created.status, created.json, created.headers['content-length']]).toEqual([201, { é: 1 }, '8']);
  expect((await edge.ask('GET', '/bytes')).text).toBe('hi');
  expect((await edge.ask('GET', '/stream')).text).toHaveLength(200_000);
  expect((await edge.ask('HEAD', '/stream')).text).toBe('');
  expect((await edge.ask('GET', '/parts')).json).toEqual({ a: 1 });
  expect(await edge.ask('GET', '/empty')).toMatchObject({ status: 302, headers: { location: '/x' }, text: '' });
});

test('a source that breaks half-way breaks the connection', async () => {
  async function* breaking(): AsyncGenerator<string> {
    yield '{"a":1';
    throw new Error('disk gone');
  }
  const half = endpoint({ ...plain, route: 'GET /half', handle: async () => jsonText(breaking()) });
  await using edge = await startEdge([half]);
  await expect(edge.ask('GET', '/half')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  expect(edge.logged.join('')).toContain('disk gone');
});

test('a client that goes away aborts the signal and the stream', async () => {
  const started = deferred();
  const aborted = deferred();
  const closed = deferred();
  const poll = endpoint({
    ...plain,
    route: 'GET /poll',
    async handle({ signal }) {
      signal.addEventListener('abort', () => aborted.resolve());
      started.resolve();
      await aborted.promise;
      return {};
    },
  });
  const source = new Readable({ read: () => {}, destroy: (_error, done) => done(null) });
  source.once('close', () => closed.resolve());
  const endless = endpoint({ ...plain, route: 'GET /endless', handle: async () => new Answer(200, source) });
  await using edge = await startEdge([poll, endless]);
  const first = connect(edge.listener.port, '127.0.0.1', () => first.write('GET /poll HTTP/1.1\r\nHost: x\r\n\r\n'));
  await started.promise;
  first.destroy();
  await aborted.promise;
  source.push('begin');
  const second = connect(edge.listener.port, '127.0.0.1', () =>
    second.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n'),
  );
  second.once('data', () => second.destroy());
  await closed.promise;
});

test('shutting down answers what runs, ends long polls and accepts no more', async () => {
  const started = deferred();
  const poll = endpoint({
    ...plain,
    route: 'GET /poll',
    async handle({ signal }) {
      started.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { woken: true };
    },
  });
  const edge = await startEdge([poll]);
  const polling = edge.ask('GET', '/poll', { headers: { Connection: 'keep-alive' } });
  await started.promise;
  expect(edge.inbound.inFlight).toBe(1);
  const ended = edge[Symbol.asyncDispose]();
  const reply = await polling;
  expect(reply.json).toEqual({ woken: true });
  await ended;
  await expect(edge.ask('GET', '/poll')).rejects.toThrow('ECONNREFUSED');
});

test('requests are counted by route', async () => {
  await using edge = await startEdge([hello, room]);
  await edge.ask('GET', '/hello');
  await edge.ask('GET', '/rooms/!a:x/events/x');
  await edge.ask('GET', '/nowhere');
  const rendered = await edge.metrics.render();
  expect(rendered).toContain('kintsugi_http_requests_total{route="GET /hello",status="2xx"} 1');
  expect(rendered).toContain('kintsugi_http_request_seconds_count{route="GET /rooms/{roomId}/events/{eventId}"} 1');
  expect(rendered).toContain('{route="unknown",status="4xx"} 1');
});

test('endpoints that contradict each other are found at the start', async () => {
  await expect(startEdge([hello, hello])).rejects.toThrow('two endpoints answer GET /hello');
  const bad = endpoint({ ...plain, route: 'GET /a/{b}', handle: async () => ({}) });
  await expect(startEdge([bad])).rejects.toThrow('no parser for {b}');
});
