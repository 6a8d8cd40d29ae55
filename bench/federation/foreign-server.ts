// The other homeservers of the federation rows, all of them in this process: each is a port with TLS, named by it.

import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { parseJsonLossless } from '../../src/protocol/canonical-json/parse-json.ts';
import { isJsonObject, type JsonObject } from '../../src/protocol/events/json.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import { keyDocument } from './bench-key.ts';
import type { ForeignRoom } from './foreign-room.ts';
import { answerAbout, answerEvent, answerEventAuth, makeJoin, sendJoin } from './room-answers.ts';
import { tls } from './tls.ts';

/** Longer than the servers under measurement keep theirs. */
const KEEP_ALIVE_MS = 300_000;

/** Called with each transaction that a server of the bench is sent. */
type OnTransaction = (to: ServerName, body: string) => void;

export class ForeignServers implements AsyncDisposable {
  readonly names: ServerName[] = [];
  readonly #rooms = new Map<RoomId, ForeignRoom>();
  readonly #servers: Server[] = [];
  onTransaction: OnTransaction = () => {};

  static async started(count: number): Promise<ForeignServers> {
    const servers = new ForeignServers();
    await servers.grow(count);
    return servers;
  }

  /** There are at least so many afterwards. */
  async grow(count: number): Promise<void> {
    while (this.names.length < count) await this.#open();
  }

  /** The servers answer for this room from now on. */
  host(room: ForeignRoom): ForeignRoom {
    this.#rooms.set(room.roomId, room);
    return room;
  }

  /** Nobody asks about the room any more. */
  forget(room: ForeignRoom): void {
    this.#rooms.delete(room.roomId);
  }

  user(localpart: string, server = 0): UserId {
    return `@${localpart}:${this.names[server]!}` as UserId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #open(): Promise<void> {
    const server = createServer({ cert: readFileSync(tls.certificate), key: readFileSync(tls.key) });
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const name = parseServerName(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => void this.#serve(name, request, response));
    this.names.push(name);
    this.#servers.push(server);
  }

  async #serve(name: ServerName, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = this.#answer(name, request.url ?? '', Buffer.concat(chunks).toString());
    const text = answer ?? '{"errcode":"M_NOT_FOUND","error":"The bench does not play this."}';
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    response.writeHead(answer === undefined ? 404 : 200, headers).end(text);
  }

  #answer(name: ServerName, url: string, body: string): string | undefined {
    const { pathname, searchParams } = new URL(url, `https://${name}`);
    if (pathname.startsWith('/_matrix/key/v2/server')) return keyDocument(name);
    const [, kind = '', ...parts] =
      /^\/_matrix\/federation\/v[12]\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?/.exec(pathname) ?? [];
    const [first = '', second = ''] = parts.map((part) => decodeURIComponent(part ?? ''));
    if (kind === 'send') {
      this.onTransaction(name, body);
      return '{"pdus":{}}';
    }
    if (kind === 'event') return this.#event(first as EventId);
    const room = this.#rooms.get(first as RoomId);
    if (!room) return undefined;
    if (kind === 'make_join') return makeJoin(room, second as UserId);
    if (kind === 'send_join') return sendJoin(room, objectOf(body), searchParams.get('omit_members') === 'true');
    if (kind === 'event_auth') return answerEventAuth(room, second as EventId);
    return answerAbout(room, kind, searchParams, body);
  }

  #event(eventId: EventId): string | undefined {
    for (const room of this.#rooms.values()) if (room.events.has(eventId)) return answerEvent(room, eventId);
    return undefined;
  }
}

const objectOf = (body: string): JsonObject => {
  const value = parseJsonLossless(body);
  if (!isJsonObject(value)) throw new Error('a join is no object');
  return value;
};
