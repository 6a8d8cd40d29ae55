// A user of the measured server in rooms of other servers.

import type { EventId } from '../../src/protocol/ids/branded.ts';
import { serverOf } from '../../src/protocol/ids/id-parts.ts';
import type { User } from '../load/user.ts';
import type { ForeignRoom } from './foreign-room.ts';

const LOOK_EVERY_MS = 20;
const TIMEOUT_MS = 15 * 60_000;

export const pathOf = ({ roomId }: ForeignRoom): string => `/rooms/${encodeURIComponent(roomId)}`;

export const joinThrough = async (user: User, { roomId, creator }: ForeignRoom): Promise<void> => {
  const via = encodeURIComponent(serverOf(creator)!);
  await user.call('POST', `/join/${encodeURIComponent(roomId)}?server_name=${via}&via=${via}`, {});
};

/** Looks again and again until it is so. */
export const until = async (what: string, isSo: () => Promise<boolean>, lookEveryMs = LOOK_EVERY_MS): Promise<void> => {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`${what} took too long`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
};

/** Resolves when the user may read the event. */
export const seesEvent = async (user: User, room: ForeignRoom, eventId: EventId): Promise<void> => {
  const connection = user.connect();
  const target = `/_matrix/client/v3${pathOf(room)}/event/${encodeURIComponent(eventId)}`;
  await until('an event', async () => (await connection.request('GET', target)).status === 200);
  connection.close();
};
