// What honest servers must agree on once all is quiet: the state of every room, and which of its events are rejected.

import type { RoomEvent } from '../../src/protocol/events/room-event.ts';
import type { RoomId, UserId } from '../../src/protocol/ids/branded.ts';
import { serverOf } from '../../src/protocol/ids/id-parts.ts';
import type { ReadTx } from '../../src/storage/database.ts';
import { referenceState } from './reference-state.ts';
import type { SimulatedServer } from './simulated-server.ts';

interface RoomPicture {
  /** `type|state_key` → the event, in short. */
  readonly state: ReadonlyMap<string, string>;
  readonly extremities: readonly string[];
  /** Event id → whether it was rejected. */
  readonly verdicts: ReadonlyMap<string, boolean>;
}

const picture = async ({ parts }: SimulatedServer, roomId: RoomId): Promise<RoomPicture> => {
  const view = await parts.rooms.view(roomId);
  const events = await view.all();
  const state = new Map(events.map((event) => [`${event.type}|${event.stateKey}`, told(event)]));
  const verdicts = await parts.db.read((tx: ReadTx) =>
    tx.all<{ id: string; verdict: number }>(
      'SELECT event_id AS "id", verdict AS "verdict" FROM events WHERE room = ?',
      view.nid,
    ),
  );
  const extremities = (await parts.rooms.receive.extremities(roomId)).map(({ eventId }) => eventId as string).sort();
  return { state, extremities, verdicts: new Map(verdicts.map(({ id, verdict }) => [id, verdict === 2])) };
};

const told = ({ eventId, sender, depth, content: { membership, join_rule: rule } }: RoomEvent): string =>
  `${eventId.slice(0, 7)} (depth ${depth}, of ${sender}: ${JSON.stringify(membership ?? rule)})`;

const compareStates = (a: RoomPicture, b: RoomPicture): string[] => {
  const keys = new Set([...a.state.keys(), ...b.state.keys()]);
  return [...keys]
    .filter((key) => a.state.get(key) !== b.state.get(key))
    .map((key) => `${key}: ${a.state.get(key)} here, ${b.state.get(key)} there`);
};

/** Events that only one of them has are no quarrel: outliers that nobody else needed. */
const compareVerdicts = (a: RoomPicture, b: RoomPicture): string[] =>
  [...a.verdicts]
    .filter(([id, isRejected]) => b.verdicts.has(id) && b.verdicts.get(id) !== isRejected)
    .map(([id, isRejected]) => `${id}: ${isRejected ? 'rejected' : 'accepted'} here, otherwise there`);

export interface Agreement {
  /** In words, what they do not agree on. */
  readonly quarrels: readonly string[];
  /** Whether no branch is left that only some of them have: whatever is said next follows the same events everywhere. */
  readonly isSettled: boolean;
  /** Pairs of servers that are in the room, each by its own account, and not by that of the other. */
  readonly parted: number;
}

/**
 * Each pair of servers has to agree of which either is in the room by the account of both. A server tells of a room only those
 * that are in it by its own current state, and answers nobody else; where resolution undoes the join of a server, which it may
 * (concurrent joins are conflicted, and judged by join rules that were set meanwhile), that server is told nothing any more and
 * cannot know. So that this excuses nothing else, the state of each server has to be the one that the algorithm gives.
 */
export const compareHonest = async (
  servers: readonly SimulatedServer[],
  rooms: readonly RoomId[],
): Promise<Agreement> => {
  const found: string[] = [];
  let parted = 0;
  let isSettled = true;
  for (const roomId of rooms) {
    const accounts = new Map<SimulatedServer, ReadonlySet<string>>();
    const pictures = new Map<SimulatedServer, RoomPicture>();
    for (const server of servers) {
      const account = await serversIn(server, roomId);
      if (!account.has(server.name)) continue;
      accounts.set(server, account);
      pictures.set(server, await picture(server, roomId));
      found.push(...(await compareWithReference(server, roomId)));
    }
    const residents = [...accounts.keys()];
    for (const [at, one] of residents.entries()) {
      for (const other of residents.slice(at + 1)) {
        if (!accounts.get(one)!.has(other.name) || !accounts.get(other)!.has(one.name)) {
          parted += 1;
          continue;
        }
        const [ours, theirs] = [pictures.get(one)!, pictures.get(other)!];
        const differences = [...compareStates(ours, theirs), ...compareVerdicts(ours, theirs)];
        isSettled &&= ours.extremities.join() === theirs.extremities.join();
        if (differences.length > 0) found.push(`${roomId}, ${one.name} and ${other.name}: ${differences.join('; ')}`);
      }
    }
  }
  return { quarrels: found, isSettled: isSettled && found.length === 0, parted };
};

const compareWithReference = async (server: SimulatedServer, roomId: RoomId): Promise<string[]> => {
  const view = await server.parts.rooms.view(roomId);
  const wanted = await referenceState(server, view);
  const events = await view.all();
  const tooMuch = events.filter(({ eventId }) => !wanted.has(eventId)).map(told);
  const absent = [...wanted].filter((id) => !events.some(({ eventId }) => eventId === id));
  if (tooMuch.length + absent.length === 0) return [];
  return [`${roomId}: ${server.name} has ${tooMuch.join()} in its state where the algorithm has ${absent.join()}`];
};

/** The servers with members in the room, by this server's account. */
const serversIn = async ({ parts }: SimulatedServer, roomId: RoomId): Promise<Set<string>> => {
  const room = await parts.rooms.find(roomId);
  if (!room) return new Set();
  const rows = await parts.db.read((tx: ReadTx) =>
    tx.all<{ userId: UserId }>(
      `SELECT u.user_id AS "userId" FROM memberships m JOIN users u ON u.nid = m.user_nid
       WHERE m.room = ? AND m.membership = 'join'`,
      room.nid,
    ),
  );
  return new Set(rows.map(({ userId }) => serverOf(userId)));
};

/** Whether a member of the room is a user of this server, by its own account. */
export const isResident = async (server: SimulatedServer, roomId: RoomId): Promise<boolean> =>
  (await serversIn(server, roomId)).has(server.name);
