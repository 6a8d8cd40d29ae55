// What honest servers must agree on once all is quiet: the state of every room, and which of its events are rejected.

import type { RoomEvent } from '../../src/protocol/events/room-event.ts';
import type { RoomId, UserId } from '../../src/protocol/ids/branded.ts';
import { serverOf } from '../../src/protocol/ids/id-parts.ts';
import type { ReadTx } from '../../src/storage/database.ts';
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

/**
 * In words, what they do not agree on. A server counts that is in the room by its own account and by that of most others: when
 * resolution undoes a join, those who joined are told nothing any more, and cannot know.
 */
export const quarrels = async (servers: readonly SimulatedServer[], rooms: readonly RoomId[]): Promise<string[]> => {
  const found: string[] = [];
  for (const roomId of rooms) {
    const views = new Map<SimulatedServer, ReadonlySet<string>>();
    for (const server of servers) {
      const view = await serversIn(server, roomId);
      if (view.has(server.name)) views.set(server, view);
    }
    const isCounted = ({ name }: SimulatedServer): boolean =>
      [...views.values()].filter((view) => view.has(name)).length * 2 > views.size;
    const [first, ...others] = [...views.keys()].filter(isCounted);
    if (!first) continue;
    const ours = await picture(first, roomId);
    for (const other of others) {
      const theirs = await picture(other, roomId);
      const differences = [...compareStates(ours, theirs), ...compareVerdicts(ours, theirs)];
      if (differences.length > 0) found.push(`${roomId}, ${first.name} and ${other.name}: ${differences.join('; ')}`);
    }
  }
  return found;
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
