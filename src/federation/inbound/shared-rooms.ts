// What has to be known of a room before an event for it is read: its version, and who may take part.

import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export interface SharedRoom {
  readonly version: RoomVersion;
  /** Content of the m.room.server_acl in the current state. */
  readonly acl: JsonObject | undefined;
  /** Content of the m.room.policy in the current state. */
  readonly policy: JsonObject | undefined;
}

export interface SharedRooms {
  /** Rooms that this server does not know are absent. */
  find(roomIds: readonly RoomId[]): Promise<Map<RoomId, SharedRoom>>;
}

const DECIDING = [
  ['m.room.server_acl', ''],
  ['m.room.policy', ''],
] as const;

export const createSharedRooms = ({ rooms }: { readonly rooms: Pick<Rooms, 'view'> }): SharedRooms => {
  const findOne = async (roomId: RoomId): Promise<SharedRoom | undefined> => {
    try {
      const view = await rooms.view(roomId);
      const [acl, policy] = await view.pick(DECIDING);
      return { version: view.version, acl: acl?.content, policy: policy?.content };
    } catch (error) {
      if (error instanceof MatrixError && error.status === 404) return undefined;
      throw error;
    }
  };
  return {
    async find(roomIds) {
      const found = await Promise.all(roomIds.map(findOne));
      const shared = roomIds.map((roomId, at) => [roomId, found[at]] as const);
      return new Map(shared.filter((entry): entry is [RoomId, SharedRoom] => entry[1] !== undefined));
    },
  };
};
