// A server of a test's own that asks others: signed requests over TLS, the answers of a Kintsugi held against the specification.

import { request as httpsRequest } from 'node:https';
import { canonicalJson } from '../../src/protocol/canonical-json/canonical-json.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import type { SigningKey } from '../../src/protocol/signing/signing-key.ts';
import { signRequest } from '../../src/protocol/x-matrix/sign-request.ts';
import type { AnyJson } from './client.ts';
import { keyDocument, type PeerServer, startPeerServer, testAuthorities, testKey } from './peer-server.ts';
import { checkAgainstSpec } from './spec-schemas.ts';

export interface AskedAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Buffer;
  /** {} when the answer is no JSON. */
  readonly body: AnyJson;
}

export interface AskingServerOptions {
  /** Fixture of its certificate. Default: peer. */
  readonly certificate?: string;
  /** For servers that are not ours: their answers are not held against the schemas. */
  readonly isUnchecked?: boolean;
}

export interface AskingServer extends AsyncDisposable {
  readonly name: ServerName;
  /** Its own, as a server among others. */
  readonly key: SigningKey;
  readonly peer: PeerServer;
  userId(localpart: string): UserId;
  get(of: ServerName, path: string): Promise<AskedAnswer>;
  ask(of: ServerName, method: string, path: string, content?: JsonObject): Promise<AskedAnswer>;
}

const DAY_MS = 24 * 3_600_000;

interface Sent {
  readonly of: ServerName;
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly body: string | undefined;
}

const send = ({ of, method, path, authorization, body }: Sent): Promise<AskedAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(`https://${of}`);
    const headers = { Authorization: authorization, ...(body && { 'Content-Type': 'application/json' }) };
    const options = { host: hostname, port, method, path, headers, ca: testAuthorities(), agent: false };
    const request = httpsRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const bytes = Buffer.concat(chunks);
        const contentType = response.headers['content-type'] ?? '';
        const json: AnyJson = contentType.includes('json') ? JSON.parse(bytes.toString()) : {};
        resolve({ status: response.statusCode ?? 0, contentType, bytes, body: json });
      });
    });
    request.once('error', reject);
    request.end(body);
  });

/** `now`: milliseconds, for the lifetime of its key. */
export const startAskingServer = async (now: number, options: AskingServerOptions = {}): Promise<AskingServer> => {
  const { isUnchecked = false, ...certificate } = options;
  const peer = await startPeerServer(certificate);
  const name = parseServerName(`127.0.0.1:${peer.port}`);
  const key = testKey('ed25519:asking');
  peer.handler = ({ url }) =>
    url.startsWith('/_matrix/key/v2/server')
      ? [200, keyDocument(name, { keys: [key], validUntilTs: now + DAY_MS })]
      : [404, { errcode: 'M_UNRECOGNIZED', error: 'no' }];
  const ask: AskingServer['ask'] = async (of, method, path, content) => {
    const body = content && canonicalJson(content);
    const authorization = signRequest({ method, uri: path, origin: name, destination: of, contentJson: body }, key);
    const answer = await send({ of, method, path, authorization, body });
    const isJson = answer.contentType.includes('json');
    const violations = isUnchecked
      ? []
      : checkAgainstSpec(method, path, answer.status, isJson ? answer.body : undefined);
    if (violations.length > 0) {
      throw new Error(
        `${method} ${path} answered ${answer.status} against the specification:\n${violations.join('\n')}`,
      );
    }
    return answer;
  };
  return {
    name,
    key,
    peer,
    userId: (localpart) => `@${localpart}:${name}` as UserId,
    ask,
    get: (of, path) => ask(of, 'GET', path),
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
};
