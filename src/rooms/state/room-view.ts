// A room with one of its states, for those who decide by it what to send or whom to let do what.

import { type PowerLevels, readPowerLevels } from '../../protocol/auth-rules/power-levels.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { RoomRef } from '../room-ref.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { RoomState, StateKeyPair } from './room-state.ts';

export interface RoomView extends RoomRef {
  readonly stateRoot: NodeHash;
  /** The state events under some keys, in the order of the keys. */
  pick(pairs: readonly StateKeyPair[]): Promise<(RoomEvent | undefined)[]>;
  /** `stateKey` is '' where it is left out. */
  get(type: string, stateKey?: string): Promise<RoomEvent | undefined>;
  /** Every state event. In a large room these are many: for rare operations. */
  all(): Promise<RoomEvent[]>;
  powerLevels(): Promise<PowerLevels>;
  /** undefined: there is no m.room.member event of the user. */
  membershipOf(user: string): Promise<string | undefined>;
}

export const roomView = (state: RoomState, room: RoomRef, stateRoot: NodeHash): RoomView => {
  const pick: RoomView['pick'] = (pairs) => state.pick(room, stateRoot, pairs);
  const get: RoomView['get'] = async (type, stateKey = '') => (await pick([[type, stateKey]]))[0];
  return {
    nid: room.nid,
    roomId: room.roomId,
    version: room.version,
    stateRoot,
    pick,
    get,
    all: async () => state.eventsOf(room, [...(await state.entries(stateRoot)).values()]),
    async powerLevels() {
      const [create, levels] = await pick([
        ['m.room.create', ''],
        ['m.room.power_levels', ''],
      ]);
      return readPowerLevels(levels?.content, room.version, create);
    },
    async membershipOf(user) {
      const membership = (await get('m.room.member', user))?.content.membership;
      return typeof membership === 'string' ? membership : undefined;
    },
  };
};
