// Another server as this one sees it: TLS on a free port, with answers and a key document of a test's own.

import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../../src/protocol/canonical-json/canonical-json.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { signJson } from '../../src/protocol/signing/sign-json.ts';
import { type SigningKey, signingKeyFromSeed } from '../../src/protocol/signing/signing-key.ts';

export const tlsFixture = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url)), 'utf8');

/** The authorities of all fixtures. */
export const testAuthorities = (): string => tlsFixture('ca.pem') + tlsFixture('peers-ca.pem');

/** A key made of its id: the same id gives the same key. */
export const testKey = (keyId: string, salt = ''): SigningKey =>
  signingKeyFromSeed(keyId, Buffer.from(`${keyId}${salt}`.padEnd(32, '.')).subarray(0, 32).toString('base64'));

export interface KeyDocumentFacts {
  readonly keys: readonly SigningKey[];
  readonly validUntilTs: number;
  readonly old?: Readonly<Record<string, { key: string; expired_ts: number }>>;
  /** Default: all of `keys`. */
  readonly signedWith?: readonly SigningKey[];
}

export const keyDocument = (serverName: string, facts: KeyDocumentFacts): JsonObject => {
  const { keys, validUntilTs, old = {}, signedWith = keys } = facts;
  const document: JsonObject = {
    server_name: serverName,
    verify_keys: Object.fromEntries(keys.map(({ keyId, publicKey }) => [keyId, { key: publicKey }])),
    old_verify_keys: old,
    valid_until_ts: validUntilTs,
  };
  return signedWith.reduce((signed, key) => signJson(signed, { name: serverName, key }), document);
};

export interface PeerRequest {
  readonly method: string;
  readonly url: string;
  readonly host: string | undefined;
  /** The name asked for in the TLS handshake; false: none. */
  readonly sni: string | false;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Status and body, the body as JSON or as text; undefined: the handler answers by itself, or never. */
export type PeerHandler = (
  request: PeerRequest,
  response: ServerResponse,
) => [number, JsonObject | string] | undefined | Promise<[number, JsonObject | string] | undefined>;

export interface PeerServer extends AsyncDisposable {
  readonly port: number;
  readonly requests: PeerRequest[];
  /** May be replaced at any time; answers {} to everything at first. */
  handler: PeerHandler;
}

export interface PeerServerOptions {
  /** Fixture of the certificate. Default: peer. */
  readonly certificate?: string;
  readonly host?: string;
  readonly port?: number;
}

const readAll = async (request: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
};

export const startPeerServer = async (options: PeerServerOptions = {}): Promise<PeerServer> => {
  const { certificate = 'peer', host = '127.0.0.1', port = 0 } = options;
  const requests: PeerRequest[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = request;
    const seen: PeerRequest = {
      method,
      url,
      host: headers.host,
      sni: (request.socket as unknown as { servername: string | false }).servername,
      authorization: headers.authorization,
      body: await readAll(request),
    };
    requests.push(seen);
    const answer = await peer.handler(seen, response);
    if (!answer) return;
    const [status, body] = answer;
    response.writeHead(status, { 'Content-Type': typeof body === 'string' ? 'text/plain' : 'application/json' });
    response.end(typeof body === 'string' ? body : canonicalJson(body, 'lossless'));
  };
  const server = createServer(
    { cert: tlsFixture(`${certificate}.pem`), key: tlsFixture(`${certificate}.key`) },
    (request, response) => void serve(request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: true }, resolve);
  });
  const peer: PeerServer = {
    port: (server.address() as AddressInfo).port,
    requests,
    handler: () => [200, {}],
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return peer;
};
