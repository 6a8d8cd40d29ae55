// A whole server with its database in memory, to which others' answers are what a test says, at once and without a network.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import inject from 'light-my-request';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { Outbound, OutboundRequest } from '../../../src/http/outbound/outbound.ts';
import type { Resolver } from '../../../src/http/outbound/resolver.ts';
import { type Clock, systemClock } from '../../../src/lib/clock.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createMetrics } from '../../../src/lib/metrics.ts';
import { createPeers } from '../../../src/peers/peers.ts';
import type { UserId } from '../../../src/protocol/ids/branded.ts';
import { parseServerName } from '../../../src/protocol/ids/server-name.ts';
import { signingKeyFromSeed } from '../../../src/protocol/signing/signing-key.ts';
import { type Composed, compose } from '../../../src/server/compose.ts';
import type { layGround } from '../../../src/server/lay-ground.ts';
import { findUser } from '../../../src/storage/stores/names.ts';
import { createStream } from '../../../src/stream/stream.ts';
import { testSigningKey } from '../../harness/foreign-events.ts';
import { keyDocument } from '../../harness/peer-server.ts';
import { memoryDisk } from '../../simulation/memory-database.ts';

/** Status and text; undefined: 404. */
export type Answers = (host: string, path: string, body: string) => readonly [number, string] | undefined;

export interface FuzzedServer extends AsyncDisposable {
  readonly name: string;
  readonly composed: Composed;
  readonly alice: { readonly user: number; readonly userId: UserId };
  /** May be replaced at any time. */
  answers: Answers;
  /** What the server said of faults of its own. */
  readonly faults: string[];
}

const DAY_MS = 24 * 3_600_000;
const nowhere: Resolver = {
  addresses: async () => ({ ipv4: { addresses: [], failure: 'ENOTFOUND' }, ipv6: { addresses: [] } }),
  srv: async () => ({ targets: [] }),
};

const documents = new Map<string, string>();
const keyDocumentOf = (host: string): string => {
  const known = documents.get(host);
  if (known !== undefined) return known;
  if (documents.size > 5000) documents.clear();
  const facts = { keys: [testSigningKey], validUntilTs: Date.now() + 7 * DAY_MS };
  const text = JSON.stringify(keyDocument(host, facts));
  documents.set(host, text);
  return text;
};

/** Names with a port are servers, all with the same key; the others are nowhere. */
const exchange = (server: FuzzedServer, { url, body }: OutboundRequest): readonly [number, string] => {
  const { host, port, pathname, search } = new URL(url);
  if (port === '') return [404, '{}'];
  if (pathname.startsWith('/_matrix/key/v2/server')) return [200, keyDocumentOf(host)];
  if (pathname.startsWith('/_matrix/federation/v1/send/')) return [200, '{"pdus":{}}'];
  const text = typeof body === 'string' ? body : Buffer.from(body ?? []).toString();
  return server.answers(host, pathname + search, text) ?? [404, '{"errcode":"M_NOT_FOUND","error":"no"}'];
};

const outboundOf = (server: () => FuzzedServer): Outbound => {
  const answered = (request: OutboundRequest) => {
    const [status, text] = exchange(server(), request);
    return { status, headers: { 'content-type': 'application/json' }, url: request.url, bytes: Buffer.from(text) };
  };
  return {
    request: async (request) => {
      const { bytes, ...answer } = answered(request);
      return { ...answer, body: bytes };
    },
    stream: async (request) => {
      const { bytes, ...answer } = answered(request);
      return { ...answer, body: Readable.from([bytes]) };
    },
    lastDial: () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
};

const groundOf =
  (name: string, clock: Clock, faults: string[], server: () => FuzzedServer): typeof layGround =>
  async (config, stack) => {
    const write = (line: string): void => void faults.push(line);
    const log = createLog({ level: 'error', format: 'json', destination: { write } });
    const metrics = createMetrics();
    const serverName = parseServerName(name);
    const seed = createHash('sha256').update(name).digest('base64');
    const identity = { serverName, signingKey: signingKeyFromSeed('ed25519:own', seed), oldKeys: [] };
    const disk = await memoryDisk();
    stack.defer(() => disk.close());
    const db = stack.use(disk.open(() => true));
    const stream = createStream({ db });
    const outbound = outboundOf(server);
    const deps = { db, clock, log, metrics, identity, outbound, config: config.federation };
    const peers = stack.use(createPeers({ ...deps, resolver: nowhere, userAgent: 'Fuzz' }));
    await peers.start();
    return { config, clock, log, metrics, identity, serverName, db, stream, outbound, peers };
  };

/** A request to the server, past the network. */
export const ask = async (
  { inbound }: Composed,
  method: 'PUT' | 'POST' | 'GET',
  url: string,
  headers: Readonly<Record<string, string | string[]>>,
  payload: string,
): Promise<{ readonly status: number; readonly text: string }> => {
  // Such a request is complete from its beginning.
  const whole: typeof inbound.listener = (request, response) =>
    inbound.listener(Object.assign(request, { complete: true }), response);
  const answer = await inject(whole as never, { method, url, headers, payload });
  return { status: answer.statusCode, text: answer.payload };
};

export const startFuzzedServer = async (clock: Clock = systemClock): Promise<FuzzedServer> => {
  await using stack = new AsyncDisposableStack();
  const name = 'us.example:1';
  const directory = mkdtempSync(join(tmpdir(), 'kintsugi-fuzz-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const { config } = loadConfig({
    file: join(import.meta.dirname, '../../../examples/load-test.yaml'),
    environment: {},
    flags: [
      { path: ['serverName'], value: name, source: 'fuzz' },
      { path: ['dataDirectory'], value: directory, source: 'fuzz' },
    ],
  });
  const faults: string[] = [];
  const composed = stack.use(
    await compose(
      config,
      groundOf(name, clock, faults, () => server),
    ),
  );
  const userId = `@alice:${name}` as UserId;
  const registration = JSON.stringify({ username: 'alice', password: 'x', auth: { type: 'm.login.dummy' } });
  await ask(composed, 'POST', '/_matrix/client/v3/register', {}, registration);
  const user = await composed.parts.db.read((tx) => findUser(tx, userId));
  if (user === undefined) throw new Error('Alice was not registered.');
  const owned = stack.move();
  const server: FuzzedServer = {
    name,
    composed,
    alice: { user, userId },
    answers: () => undefined,
    faults,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return server;
};
