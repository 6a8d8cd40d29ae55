// A registered user with a device, as the load program plays it.

import type { RawAnswer } from './answer-reader.ts';
import { Connection } from './connection.ts';

/** An answer's JSON object; rows read the few fields they need. */
export type Answered = Readonly<Record<string, unknown>>;

export const CLIENT = '/_matrix/client/v3';

const parsed = (method: string, target: string, { status, body }: RawAnswer): Answered => {
  if (status !== 200) throw new Error(`${method} ${target} answered ${status}: ${body.toString().slice(0, 500)}`);
  return JSON.parse(body.toString()) as Answered;
};

export class User {
  readonly userId: string;
  readonly name: string;
  readonly #port: number;
  readonly #accessToken: string;
  readonly #idle: Connection[] = [];

  constructor(port: number, name: string, session: Answered) {
    this.name = name;
    this.userId = String(session.user_id);
    this.#port = port;
    this.#accessToken = String(session.access_token);
  }

  /** A connection of this device for a row's own use. */
  connect(timeoutMs?: number): Connection {
    return new Connection(this.#port, this.#accessToken, timeoutMs);
  }

  /** Throws when the status is not 200. */
  async call(method: string, path: string, body?: object): Promise<Answered> {
    const target = CLIENT + path;
    const connection = this.#idle.pop() ?? this.connect();
    const answer = await connection.request(method, target, body && JSON.stringify(body));
    this.#idle.push(connection);
    return parsed(method, target, answer);
  }
}

const ask = async (port: number, path: string, body: object): Promise<Answered> => {
  const connection = new Connection(port);
  try {
    return parsed('POST', path, await connection.request('POST', CLIENT + path, JSON.stringify(body)));
  } finally {
    connection.close();
  }
};

const passwordOf = (name: string): string => `${name}-password`;

export const register = async (port: number, name: string): Promise<User> => {
  const auth = { type: 'm.login.dummy' };
  return new User(port, name, await ask(port, '/register', { username: name, password: passwordOf(name), auth }));
};

/** The same user on a new device. */
export const loginAgain = async (port: number, { name }: User): Promise<User> => {
  const identifier = { type: 'm.id.user', user: name };
  const body = { type: 'm.login.password', identifier, password: passwordOf(name) };
  return new User(port, name, await ask(port, '/login', body));
};
