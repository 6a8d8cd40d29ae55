// A local user knocks on a room that this server is not in. Server-Server API, "Knocking upon a room".

import { asJsonList } from '../../../protocol/events/json.ts';
import { type Candidates, firstToHelp } from '../candidates.ts';
import type { HandshakeDeps } from '../deps.ts';
import { fetchMember } from '../member-template.ts';
import { keepOutOfBand } from '../out-of-band.ts';
import { sendMember } from '../send-member.ts';
import type { RemoteJoin } from './join-room.ts';

/** Throws what peerFailure makes of the servers' errors. */
export const knockThroughOthers = (deps: HandshakeDeps, knock: RemoteJoin, candidates: Candidates): Promise<void> =>
  firstToHelp(deps, `It was not possible to knock on ${knock.roomId}`, candidates, async (server) => {
    const { version, parsed } = await fetchMember(deps, server, { kind: 'knock', ...knock });
    const answer = await sendMember(deps, server, 'knock', parsed);
    const { knock_room_state: told } = answer;
    await keepOutOfBand(deps, parsed, version, { events: asJsonList(told), via: server });
  });
