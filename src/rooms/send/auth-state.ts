// The part of a room's state that an event is judged on and that its auth_events name.

import { authEventKeys } from '../../protocol/auth-rules/auth-event-keys.ts';
import type { AuthFacts } from '../../protocol/auth-rules/auth-facts.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { RoomRef } from '../room-ref.ts';
import type { RoomState, StateKeyPair } from '../state/room-state.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Draft } from './draft.ts';

export interface AuthState {
  readonly create: RoomEvent | undefined;
  readonly powerLevels: RoomEvent | undefined;
  /** What the event's auth_events refer to, in the order of the specification's selection. */
  readonly authEvents: readonly RoomEvent[];
  readonly facts: AuthFacts;
}

const CREATE: StateKeyPair = ['m.room.create', ''];
const POWER_LEVELS: StateKeyPair = ['m.room.power_levels', ''];

/**
 * `draft` is judged by this server before it signs: `signedBy` says yes for this server alone, as it is about to sign.
 */
export const loadAuthState = async (
  state: RoomState,
  room: RoomRef,
  root: NodeHash,
  draft: Pick<Draft, 'type' | 'stateKey' | 'sender' | 'content'>,
  serverName: string,
): Promise<AuthState> => {
  const { type, stateKey, sender, content } = draft;
  const selected = authEventKeys({ type, stateKey, sender, content }, room.version);
  const pairs = [CREATE, POWER_LEVELS, ...selected];
  const events = await state.pick(room, root, pairs);
  const [create, powerLevels, ...chosen] = events;
  return {
    create,
    powerLevels,
    authEvents: chosen.filter((event) => event !== undefined),
    facts: {
      state: (wantedType, wantedKey) =>
        events[pairs.findIndex(([pairType, pairKey]) => pairType === wantedType && pairKey === wantedKey)],
      signedBy: (server) => server === serverName,
    },
  };
};
