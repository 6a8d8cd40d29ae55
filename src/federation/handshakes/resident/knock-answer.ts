// What a server is told of a room on which one of its users knocks: whole events (MSC4311).
// Server-Server API, "PUT /_matrix/federation/v1/send_knock".

import { statePdus } from '../../../rooms/read/state-pdus.ts';
import { strippedPairs } from '../../../rooms/read/stripped-state.ts';
import type { HandshakeDeps } from '../deps.ts';
import type { TakenMember } from './take-member.ts';

/** The answer's JSON text. */
export const knockAnswer = async (deps: Pick<HandshakeDeps, 'db' | 'rooms'>, { room }: TakenMember): Promise<string> =>
  `{"knock_room_state":[${(await statePdus(deps, room, strippedPairs)).join(',')}]}`;
