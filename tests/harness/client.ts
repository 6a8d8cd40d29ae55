// A bare Matrix client for tests. Every answer it gets is checked against the specification's schemas.

import { checkAgainstSpec } from './spec-schemas.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes, and the schemas have checked them.
export type AnyJson = any; // oxlint-disable-line typescript/no-explicit-any

export interface ClientAnswer {
  readonly status: number;
  readonly body: AnyJson;
  readonly headers: Headers;
}

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** Sent as it is in place of a JSON body. */
  readonly rawBody?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface TestClient {
  readonly userId: string;
  readonly deviceId: string;
  readonly accessToken: string;
  readonly baseUrl: string;
  get(path: string, options?: RequestOptions): Promise<ClientAnswer>;
  put(path: string, body?: object, options?: RequestOptions): Promise<ClientAnswer>;
  post(path: string, body?: object, options?: RequestOptions): Promise<ClientAnswer>;
  delete(path: string, body?: object, options?: RequestOptions): Promise<ClientAnswer>;
  /** Any of the above, refusing an answer that is not 200. */
  ok(answer: Promise<ClientAnswer>): Promise<AnyJson>;
  /** Sends m.room.message with this body; returns the event id. */
  say(roomId: string, body: string): Promise<string>;
  sync(query?: Record<string, string | number | boolean>): Promise<AnyJson>;
}

export interface ClientSession {
  readonly userId: string;
  readonly deviceId: string;
  readonly accessToken: string;
  /** For a server that is not ours: its answers are not held against the schemas. */
  readonly isUnchecked?: boolean;
}

let transactions = 0;

const request = async (
  baseUrl: string,
  { accessToken, isUnchecked = false }: ClientSession,
  method: string,
  path: string,
  body: object | undefined,
  options: RequestOptions = {},
): Promise<ClientAnswer> => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) query.set(name, String(value));
  const url = `${baseUrl}${path}${query.size > 0 ? `?${query.toString()}` : ''}`;
  const answer = await fetch(url, {
    method,
    headers: {
      ...(accessToken && { Authorization: `Bearer ${accessToken}` }),
      ...(body && { 'Content-Type': 'application/json' }),
      ...options.headers,
    },
    ...(options.signal && { signal: options.signal }),
    ...((options.rawBody ?? body) && { body: options.rawBody ?? JSON.stringify(body) }),
  });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
  const parsed: AnyJson = isJson ? JSON.parse(new TextDecoder().decode(bytes)) : bytes;
  const violations = isUnchecked ? [] : checkAgainstSpec(method, path, answer.status, isJson ? parsed : undefined);
  if (violations.length > 0) {
    throw new Error(`${method} ${path} answered ${answer.status} against the specification:\n${violations.join('\n')}`);
  }
  return { status: answer.status, body: parsed, headers: answer.headers };
};

export const createClient = (
  baseUrl: string,
  session: ClientSession = { userId: '', deviceId: '', accessToken: '' },
): TestClient => {
  const client: TestClient = {
    ...session,
    baseUrl,
    get: (path, options) => request(baseUrl, session, 'GET', path, undefined, options),
    put: (path, body = {}, options) => request(baseUrl, session, 'PUT', path, body, options),
    post: (path, body = {}, options) => request(baseUrl, session, 'POST', path, body, options),
    delete: (path, body, options) => request(baseUrl, session, 'DELETE', path, body, options),
    async ok(answer) {
      const { status, body } = await answer;
      if (status !== 200) throw new Error(`expected 200, got ${status}: ${JSON.stringify(body)}`);
      return body;
    },
    async say(roomId, body) {
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/t${++transactions}`;
      return (await client.ok(client.put(path, { msgtype: 'm.text', body }))).event_id;
    },
    sync: (query = {}) => client.ok(client.get('/_matrix/client/v3/sync', { query })),
  };
  return client;
};

/** Registers by m.login.dummy, as examples/load-test.yaml allows. */
export const register = async (
  baseUrl: string,
  username: string,
  password = `${username}-pass`,
  isUnchecked = false,
): Promise<TestClient> => {
  const anonymous = createClient(baseUrl, { userId: '', deviceId: '', accessToken: '', isUnchecked });
  const body = await anonymous.ok(
    anonymous.post('/_matrix/client/v3/register', { username, password, auth: { type: 'm.login.dummy' } }),
  );
  const session = { userId: body.user_id, deviceId: body.device_id, accessToken: body.access_token };
  return createClient(baseUrl, { ...session, isUnchecked });
};

export const login = async (
  baseUrl: string,
  username: string,
  password = `${username}-pass`,
  isUnchecked = false,
): Promise<TestClient> => {
  const anonymous = createClient(baseUrl, { userId: '', deviceId: '', accessToken: '', isUnchecked });
  const body = await anonymous.ok(
    anonymous.post('/_matrix/client/v3/login', {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: username },
      password,
    }),
  );
  const session = { userId: body.user_id, deviceId: body.device_id, accessToken: body.access_token };
  return createClient(baseUrl, { ...session, isUnchecked });
};
