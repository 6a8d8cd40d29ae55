// What other servers answer to questions about events: lists that are none, too long, or damaged.

import type { Json } from '../../../src/protocol/events/json.ts';
import type { EventId, RoomId } from '../../../src/protocol/ids/branded.ts';
import { parseServerName } from '../../../src/protocol/ids/server-name.ts';
import type { SeededRandom } from '../../harness/seeded-random.ts';
import { mutated, mutatedText, textOf } from './mutate.ts';
import { roomWithPeople } from './pdus.ts';
import { refusal, type Target } from './target.ts';

const CASES = 40;
const LIMIT = 20;

const answerOf = (pdus: readonly Json[], ids: readonly EventId[], random: SeededRandom): string => {
  const answer = {
    pdus: [...pdus],
    events: [...pdus],
    auth_chain: [...pdus],
    pdu_ids: [...ids],
    auth_chain_ids: [...ids],
    event_id: ids[0]!,
    origin_server_ts: 5,
  };
  const text = textOf(random.chance(0.9) ? mutated(answer, random) : answer);
  return random.chance(0.2) ? mutatedText(text, random) : text;
};

export const answers: Target = {
  name: 'answers',
  share: 10,
  async play(round) {
    const { server, random, count, fail } = round;
    const { fetch, verify } = server.composed.parts.federation;
    const room = roomWithPeople('11', random);
    const ids = [...room.events.keys()];
    const pdus = [...room.events.values()].map(({ pdu }) => pdu);
    const id = ids[0]!;
    for (let left = CASES; left > 0; left--) {
      const text = answerOf(pdus, ids, random);
      server.answers = () => [random.chance(0.05) ? 500 : 200, text];
      // Each is asked once: who answers badly is left alone.
      const of = parseServerName(`a${random.below(2 ** 30)}.example:1`);
      const roomId = room.roomId as RoomId;
      const query = { earliest: [id], latest: ids.slice(-1), limit: LIMIT, minDepth: 0 };
      const ask = random.pick<() => Promise<unknown>>([
        () => fetch.missingEvents(of, roomId, query),
        () => fetch.event(of, id),
        () => fetch.stateIds(of, roomId, id),
        () => fetch.state(of, roomId, id),
        async () => (await Array.fromAsync(fetch.stateTexts(of, roomId, id))).flat(),
        () => fetch.eventAuth(of, roomId, id),
        () => fetch.backfill(of, roomId, [id], LIMIT),
        () => fetch.eventNearTime(of, roomId, { timestamp: 5, forwards: true }),
      ]);
      try {
        const given = await ask();
        if (Array.isArray(given)) {
          const results = await verify.verifyPdus(given as Json[], room.version, of, { limitReferences: false });
          const strangers = results.filter((result) => result.ok && !room.events.has(result.event.event.eventId));
          if (strangers.length > 0) fail('an event was believed that nobody has signed', text);
        }
        count('read');
      } catch (error) {
        refusal(round, error, text);
      }
    }
  },
};
