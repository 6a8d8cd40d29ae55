// The users and rooms on a server under measurement, made when a row first asks for them.

import type { Connection } from './load/connection.ts';
import { inLanes } from './load/in-lanes.ts';
import { register, type User } from './load/user.ts';
import type { RunningServer } from './servers/running-server.ts';
import type { Sizes } from './sizes.ts';

/** Few enough for both servers: more would only queue. */
const SETUP_LANES = 8;

export const HISTORY_ROOMS = 4;

export interface Room {
  readonly roomId: string;
  readonly members: readonly User[];
}

/** A send of a user into a room over its own connection. */
export interface Sender {
  send(body?: string): Promise<void>;
}

export class World {
  readonly server: RunningServer;
  readonly sizes: Sizes;
  readonly #users: User[] = [];
  readonly #made = new Map<string, Promise<unknown>>();
  #messages = 0;

  constructor(server: RunningServer, sizes: Sizes) {
    this.server = server;
    this.sizes = sizes;
  }

  /** The first `count` of the world's users. */
  async users(count: number): Promise<User[]> {
    const missing = Array.from({ length: Math.max(0, count - this.#users.length) }, (_, i) => this.#users.length + i);
    this.#users.push(...(await inLanes(missing, SETUP_LANES, (index) => register(this.server.port, `user${index}`))));
    return this.#users.slice(0, count);
  }

  /** A user of a row's own. */
  user(name: string): Promise<User> {
    return this.once(`user ${name}`, () => register(this.server.port, name));
  }

  /** What `make` made the first time. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const made = this.#made.get(name) ?? make();
    this.#made.set(name, made);
    return made as Promise<T>;
  }

  /** A public room of these members, created by the first of them. */
  async room(members: readonly User[]): Promise<Room> {
    const roomId = await this.createRoom(members[0]!, { preset: 'public_chat' });
    await inLanes(members.slice(1), SETUP_LANES, (member) => member.call('POST', `/join/${roomId}`, {}));
    return { roomId, members };
  }

  async createRoom(creator: User, request: object): Promise<string> {
    const { room_id: roomId } = await creator.call('POST', '/createRoom', request);
    return encodeURIComponent(String(roomId));
  }

  /** The room of the world's first `size` users. */
  crowd(size: number): Promise<Room> {
    return this.once(`crowd ${size}`, async () => this.room(await this.users(size)));
  }

  sender(user: User, roomId: string, connection: Connection = user.connect()): Sender {
    const path = `/_matrix/client/v3/rooms/${roomId}/send/m.room.message/`;
    return {
      send: async (body = 'The quick brown fox jumps over the lazy dog, and the bench counts how often.') => {
        const serial = this.#messages++;
        const content = `{"msgtype":"m.text","body":"${serial} ${body}"}`;
        const answer = await connection.request('PUT', `${path}t${serial}`, content);
        if (answer.status !== 200) throw new Error(`a send was answered ${answer.status}: ${answer.body.toString()}`);
      },
    };
  }

  /** Rooms of two members each, `sizes.history` messages in each of them. */
  history(): Promise<Room[]> {
    return this.once('history', async () => {
      const rooms = await this.historyRooms();
      await Promise.all(rooms.map((room) => this.fill(room, this.sizes.history)));
      return rooms;
    });
  }

  historyRooms(): Promise<Room[]> {
    return this.once('history rooms', async () => {
      const users = await this.users(HISTORY_ROOMS * 2);
      const pairs = Array.from({ length: HISTORY_ROOMS }, (_, index) => users.slice(index * 2, index * 2 + 2));
      return inLanes(pairs, HISTORY_ROOMS, (pair) => this.room(pair));
    });
  }

  async fill({ roomId, members }: Room, count: number): Promise<void> {
    const senders = members.map((member) => this.sender(member, roomId));
    const perSender = count / senders.length;
    await Promise.all(
      senders.map(async ({ send }) => {
        for (let sent = 0; sent < perSender; sent++) await send();
      }),
    );
  }

  /** A user with `count` rooms of their own, each with a name and a message. */
  collector(count: number): Promise<{ readonly user: User; readonly roomIds: readonly string[] }> {
    return this.once(`collector ${count}`, async () => {
      const user = await this.user(`collector${count}`);
      const indexes = Array.from({ length: count }, (_, index) => index);
      const roomIds = await inLanes(indexes, SETUP_LANES, async (index) => {
        const roomId = await this.createRoom(user, { name: `Room ${index}`, preset: 'private_chat' });
        await user.call('PUT', `/rooms/${roomId}/send/m.room.message/first`, { msgtype: 'm.text', body: 'Hello' });
        return roomId;
      });
      return { user, roomIds };
    });
  }
}
