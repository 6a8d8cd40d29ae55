// Whole transactions: damaged events among good ones, in a body that may be damaged itself.

import type { JsonObject } from '../../../src/protocol/events/json.ts';
import type { ServerName } from '../../../src/protocol/ids/branded.ts';
import type { RoomVersionId } from '../../../src/protocol/room-versions/room-version.ts';
import { roomVersions } from '../../../src/protocol/room-versions/room-versions.ts';
import { eduOf } from './edus.ts';
import { mutated, mutatedText, textOf } from './mutate.ts';
import { forged, roomWithPeople } from './pdus.ts';
import { type Round, refusal, type Target } from './target.ts';

const CASES = 20;
const PDUS_MAX = 4;
const origin = 'b.example:1' as ServerName;
const versions = Object.keys(roomVersions) as RoomVersionId[];

const receive = async (round: Round, txnId: string, bodyText: string): Promise<void> => {
  const { server, count, fail } = round;
  const { inbound } = server.composed.parts.federation;
  let body: unknown;
  try {
    body = JSON.parse(bodyText);
  } catch {
    // The edge refuses it; the headers' target goes through there.
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return count('refused');
  try {
    const answer = await inbound.receive({ origin, txnId, body: body as JsonObject, bodyText });
    const { pdus: results } = JSON.parse(answer) as { pdus?: unknown };
    if (typeof results !== 'object' || results === null) fail('an answer without pdus', bodyText);
    count('answered');
  } catch (error) {
    refusal(round, error, bodyText);
  }
};

export const transactions: Target = {
  name: 'transactions',
  share: 8,
  async play(round) {
    const { server, random } = round;
    const room = roomWithPeople(random.pick(versions), random);
    await server.composed.parts.rooms.receive.enterRoom(room.joinOf(server.alice.userId));
    for (let left = CASES; left > 0; left--) {
      const pdus = Array.from({ length: random.below(PDUS_MAX) }, () => forged(room, room.tips, random));
      const edus = Array.from({ length: random.below(3) }, () => eduOf(room.roomId, server.alice.userId, random));
      const frame = { origin, origin_server_ts: 1, pdus: ['PDUS'], edus };
      const text = textOf(random.chance(0.3) ? mutated(frame, random) : frame).replace('"PDUS"', () => pdus.join(','));
      const txnId = random.chance(0.1) ? 'again' : `${room.roomId} ${left}`;
      await receive(round, txnId, random.chance(0.2) ? mutatedText(text, random) : text);
    }
  },
};
