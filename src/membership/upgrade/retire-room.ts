// The last events of a room that was replaced, and the hand-over of its aliases, in one transaction.

import type { PowerLevels } from '../../protocol/auth-rules/power-levels.ts';
import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { Draft } from '../../rooms/send/draft.ts';
import type { RoomView } from '../../rooms/state/room-view.ts';
import type { MembershipDeps } from '../deps.ts';
import { localAliases } from './transferred-state.ts';

const TYPES = ['m.room.tombstone', 'm.room.canonical_alias', 'm.room.power_levels'] as const;

/** Throws M_FORBIDDEN when the user may not send m.room.tombstone any more. */
export const retireRoom = async (
  { rooms, serverName }: MembershipDeps,
  sender: UserId,
  old: RoomRef,
  successor: RoomRef,
): Promise<void> => {
  const state = (type: string, content: JsonObject): Draft => ({ type, stateKey: '', sender, content });
  await rooms.sendComposition(old.roomId, {
    possible: TYPES.map((type) => ({ type, stateKey: '', sender })),
    directory: { successor: successor.nid },
    async compose(room) {
      await checkMayUpgrade(room, sender);
      const levels = await room.powerLevels();
      const may = (type: string): boolean => levels.powerOf(sender) >= levels.required(type, true);
      const [aliases, powerLevels] = await room.pick([
        ['m.room.canonical_alias', ''],
        ['m.room.power_levels', ''],
      ]);
      const drafts = [
        state('m.room.tombstone', { body: 'This room has been replaced', replacement_room: successor.roomId }),
      ];
      if (aliases && may('m.room.canonical_alias')) {
        drafts.push(state('m.room.canonical_alias', localAliases(aliases.content, serverName).kept));
      }
      const silenced = powerLevels && may('m.room.power_levels') && silence(powerLevels.content, levels, sender);
      if (silenced) drafts.push(state('m.room.power_levels', silenced));
      return drafts;
    },
  });
};

/** Throws M_FORBIDDEN. */
export const checkMayUpgrade = async (room: RoomView, userId: UserId): Promise<void> => {
  if ((await room.membershipOf(userId)) !== 'join') throw forbidden('You are not in this room.');
  const levels = await room.powerLevels();
  const required = levels.required('m.room.tombstone', true);
  if (levels.powerOf(userId) < required) {
    throw forbidden(`Replacing this room takes the power level of m.room.tombstone, ${required}.`);
  }
};

/** "setting events_default and invite to the greater of 50 and users_default + 1"; undefined where the user may not. */
const silence = (content: JsonObject, levels: PowerLevels, userId: UserId): JsonObject | undefined => {
  const level = Math.max(50, levels.usersDefault + 1);
  const eventsDefault = Math.max(level, levels.eventsDefault);
  const invite = Math.max(level, levels.invite);
  if (levels.powerOf(userId) < Math.max(eventsDefault, invite)) return undefined;
  return { ...content, events_default: eventsDefault, invite };
};
