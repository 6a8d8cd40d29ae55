// EDUs, damaged, and about users of whom the origin has nothing to say.

import type { Json, JsonObject } from '../../../src/protocol/events/json.ts';
import { isJsonObject } from '../../../src/protocol/events/json.ts';
import type { ServerName } from '../../../src/protocol/ids/branded.ts';
import type { SeededRandom } from '../../harness/seeded-random.ts';
import { mutated, textOf } from './mutate.ts';
import { roomWithPeople } from './pdus.ts';
import { type Round, refusal, type Target } from './target.ts';

const ROUNDS = 10;
const EDUS = 5;
const origin = 'b.example:1' as ServerName;
const users = ['@bob:b.example:1', '@bob:b.example:1', '@ann:b.example:1', '@carol:c.example:1', '@alice:us.example:1'];

const deviceKeys = (userId: string, deviceId: string): JsonObject => ({
  user_id: userId,
  device_id: deviceId,
  algorithms: ['m.olm.v1.curve25519-aes-sha2'],
  keys: { [`curve25519:${deviceId}`]: 'A'.repeat(43), [`ed25519:${deviceId}`]: 'B'.repeat(43) },
  signatures: { [userId]: { [`ed25519:${deviceId}`]: 'C'.repeat(86) } },
});

const crossKey = (userId: string, usage: string): JsonObject => ({
  user_id: userId,
  usage: [usage],
  keys: { [`ed25519:${'D'.repeat(43)}`]: 'D'.repeat(43) },
});

/** An EDU as it should be, but for who is meant. */
export const eduOf = (roomId: string, local: string, random: SeededRandom): JsonObject => {
  const user = random.pick(users);
  const streamId = random.below(20);
  return random.pick<() => JsonObject>([
    () => ({ edu_type: 'm.typing', content: { room_id: roomId, user_id: user, typing: random.chance(0.5) } }),
    () => ({
      edu_type: 'm.receipt',
      content: { [roomId]: { 'm.read': { [user]: { data: { ts: 1 }, event_ids: [`$${'A'.repeat(43)}`] } } } },
    }),
    () => ({
      edu_type: 'm.presence',
      content: { push: [{ user_id: user, presence: 'online', last_active_ago: 5, currently_active: true }] },
    }),
    () => ({
      edu_type: 'm.direct_to_device',
      content: {
        sender: user,
        type: 'm.x',
        message_id: `${random.below(50)}`,
        messages: { [local]: { '*': { a: 1 } } },
      },
    }),
    () => ({
      edu_type: 'm.device_list_update',
      content: {
        user_id: user,
        device_id: `D${random.below(4)}`,
        stream_id: streamId,
        prev_id: [streamId + random.between(-2, 2)],
        keys: deviceKeys(user, `D${random.below(4)}`),
      },
    }),
    () => ({
      edu_type: 'm.signing_key_update',
      content: {
        user_id: user,
        master_key: crossKey(user, 'master'),
        self_signing_key: crossKey(user, 'self_signing'),
      },
    }),
  ])();
};

/** Nobody of another server may have been spoken for. */
const checkSpeakers = async ({ server, fail }: Round): Promise<void> => {
  const { db } = server.composed.parts;
  const spoken = await db.read((tx) =>
    tx.all<{ userId: string; what: string }>(
      `SELECT u.user_id AS "userId", 'message' AS "what" FROM to_device t JOIN users u ON u.nid = t.sender
       UNION SELECT u.user_id, 'device' FROM remote_devices d JOIN users u ON u.nid = d.user_nid`,
    ),
  );
  for (const { userId, what } of spoken) if (!userId.endsWith(`:${origin}`)) fail(`a ${what} of ${userId}`, '');
};

export const edus: Target = {
  name: 'edus',
  share: 10,
  async play(round) {
    const { server, random, count } = round;
    const { rooms, federation } = server.composed.parts;
    const room = roomWithPeople('11', random);
    const local = server.alice.userId;
    await rooms.receive.enterRoom(room.joinOf(local));
    server.answers = (_host, path) => {
      const user = decodeURIComponent(path.split('/').at(-1)!);
      const list = [{ device_id: 'D1', keys: deviceKeys(user, 'D1'), device_display_name: 'x' }];
      const answer: JsonObject = path.includes('/user/devices/')
        ? { user_id: user, stream_id: random.below(20), devices: list, master_key: crossKey(user, 'master') }
        : { device_keys: { [users[0]!]: { D1: deviceKeys(users[0]!, 'D1') } } };
      return [200, textOf(random.chance(0.5) ? mutated(answer, random) : answer)];
    };
    for (let left = ROUNDS; left > 0; left--) {
      const texts = Array.from({ length: EDUS }, () => {
        const edu = eduOf(room.roomId, local, random);
        return textOf(random.chance(0.8) ? mutated(edu, random) : edu);
      });
      const list = texts.map((text) => JSON.parse(text) as Json).filter(isJsonObject);
      try {
        await federation.edus.receive(origin, list);
        for (const _ of texts) count('taken');
      } catch (error) {
        refusal(round, error, texts.join('\n'));
      }
    }
    await checkSpeakers(round);
  },
};
