// Events of other servers, damaged, forged or forbidden, through every check into a room.

import type { JsonObject } from '../../../src/protocol/events/json.ts';
import type { EventId, ServerName } from '../../../src/protocol/ids/branded.ts';
import { parseServerName } from '../../../src/protocol/ids/server-name.ts';
import type { RoomVersionId } from '../../../src/protocol/room-versions/room-version.ts';
import { roomVersions } from '../../../src/protocol/room-versions/room-versions.ts';
import { signEvent } from '../../../src/protocol/signing/sign-event.ts';
import type { IncomingEvent } from '../../../src/rooms/receive/incoming.ts';
import { eventsById } from '../../../src/storage/stores/events.ts';
import {
  createForeignRoom,
  type ForeignEvent,
  type ForeignRoom,
  testSigningKey,
} from '../../harness/foreign-events.ts';
import type { SeededRandom } from '../../harness/seeded-random.ts';
import { mutated, mutatedText, textOf } from './mutate.ts';
import { eventIdFor, refusalOf, type Wire } from './oracle.ts';
import type { Round, Target } from './target.ts';

const CASES = 40;
const bob = '@bob:b.example:1';
const carol = '@carol:c.example:1';
const dave = '@dave:d.example:1';
const eve = '@eve:e.example:1';
const source = parseServerName('b.example:1');

const versions = Object.keys(roomVersions) as RoomVersionId[];

const said: readonly ((random: SeededRandom) => ForeignEvent)[] = [
  () => ({ type: 'm.room.message', sender: bob, content: { msgtype: 'm.text', body: 'hello' } }),
  () => ({ type: 'm.room.message', sender: carol, content: { msgtype: 'm.text', body: 'hello' } }),
  () => ({ type: 'm.room.topic', stateKey: '', sender: bob, content: { topic: 'new' } }),
  () => ({
    type: 'm.room.power_levels',
    stateKey: '',
    sender: bob,
    content: { users: { [carol]: 50 }, events: { 'm.room.topic': 10 }, users_default: 0, ban: 60, invite: 5 },
  }),
  () => ({ type: 'm.room.join_rules', stateKey: '', sender: bob, content: { join_rule: 'restricted', allow: [] } }),
  () => ({ type: 'm.room.member', stateKey: eve, sender: eve, content: { membership: 'join', displayname: 'Eve' } }),
  () => ({ type: 'm.room.member', stateKey: eve, sender: bob, content: { membership: 'invite' } }),
  () => ({ type: 'm.room.member', stateKey: carol, sender: bob, content: { membership: 'ban' } }),
  () => ({ type: 'm.room.member', stateKey: carol, sender: carol, content: { membership: 'leave' } }),
  () => ({ type: 'm.room.member', stateKey: eve, sender: eve, content: { membership: 'knock' } }),
  () => ({
    type: 'm.room.member',
    stateKey: eve,
    sender: bob,
    content: {
      membership: 'invite',
      third_party_invite: { display_name: 'e', signed: { mxid: eve, token: 't', signatures: {} } },
    },
  }),
  () => ({ type: 'm.room.server_acl', stateKey: '', sender: bob, content: { allow: ['*'], deny: ['*.evil.example'] } }),
  () => ({ type: 'm.room.aliases', stateKey: 'b.example:1', sender: bob, content: { aliases: [] } }),
  (random) => ({
    type: 'm.room.redaction',
    sender: bob,
    redacts: `$${random.below(9)}` as EventId,
    content: { redacts: `$${'a'.repeat(43)}` },
  }),
  // What the rules forbid.
  () => ({ type: 'm.room.message', sender: eve, content: { body: 'not a member' } }),
  () => ({ type: 'm.room.message', sender: dave, content: { body: 'banned' } }),
  () => ({ type: 'm.room.member', stateKey: dave, sender: dave, content: { membership: 'join' } }),
  () => ({ type: 'm.room.topic', stateKey: '', sender: carol, content: { topic: 'not hers' } }),
  () => ({ type: 'm.room.power_levels', stateKey: '', sender: carol, content: { users: { [carol]: 100 } } }),
];

const serverOfSender = (pdu: JsonObject): string => {
  const sender = typeof pdu.sender === 'string' ? pdu.sender : '';
  return sender.slice(sender.indexOf(':') + 1);
};

/** The text of one event as some server might send it. */
export const forged = (room: ForeignRoom, prev: readonly EventId[], random: SeededRandom): string => {
  const { pdu } = room.make({ ...random.pick(said)(random), prev });
  const lot = random.below(100);
  if (lot < 10) return JSON.stringify(pdu);
  if (lot < 20) return mutatedText(JSON.stringify(pdu), random);
  const event = pdu as JsonObject;
  const changed = random.chance(0.5)
    ? mutated(event, random)
    : { ...event, content: mutated(event.content as JsonObject, random) };
  const signer = lot < 30 ? 'evil.example:1' : serverOfSender(changed);
  if (lot < 55) return textOf(changed);
  try {
    const plain = JSON.parse(textOf(changed)) as JsonObject;
    return JSON.stringify(signEvent(plain, room.version, { name: signer, key: testSigningKey }));
  } catch {
    return textOf(changed);
  }
};

type ReadNumber = (key: string, value: unknown, context: { source: string }) => unknown;

/** Whether it has numbers whose writing matters until room version 5, of which the oracle knows nothing. */
const hasOddNumber = (text: string): boolean => {
  let isOdd = false;
  const look: ReadNumber = (_key, value, { source: written }) => {
    isOdd ||= typeof value === 'number' && (!Number.isSafeInteger(value) || String(value) !== written);
    return value;
  };
  JSON.parse(text, look as never);
  return isOdd;
};

interface Given {
  readonly text: string;
  readonly incoming: IncomingEvent;
}

/** Holds what the database has of the events against the oracle. */
const judge = async (round: Round, room: ForeignRoom, given: ReadonlyMap<EventId, Given>): Promise<void> => {
  const { server, count, fail } = round;
  const version = Number(room.version.id);
  const { db } = server.composed.parts;
  const stored = await db.read((tx) => eventsById(tx, [...given.keys()]));
  const wireOf = (id: EventId): Wire => JSON.parse(given.get(id)!.text) as Wire;
  const taken = stored.filter(({ verdict }) => verdict < 2);
  const known = new Map<string, Wire>([
    ...[...room.events].map(([id, { pdu }]) => [id, pdu as Wire] as const),
    ...taken.map((row) => [row.eventId, { ...wireOf(row.eventId), content: JSON.parse(row.content) as Wire }] as const),
  ]);
  const oracle = { version, roomId: room.roomId, publicKey: testSigningKey.publicKey, known };
  for (const row of stored) count(['accepted', 'soft-failed', 'rejected'][row.verdict]!);
  for (let left = given.size - stored.length; left > 0; left--) count('waiting');
  for (const { eventId, content } of taken) {
    const { text } = given.get(eventId)!;
    if (version < 6 && hasOddNumber(text)) continue;
    const wire = wireOf(eventId);
    const why = refusalOf(wire, JSON.parse(content) as Wire, oracle);
    if (why !== undefined) fail(`v${version} ${eventId} was accepted, though ${why}`, text);
    if (version >= 3 && eventIdFor(wire, version) !== eventId) fail(`v${version} ${eventId} has another id`, text);
  }
};

/** Another one each time. */
export const roomWithPeople = (version: RoomVersionId, random: SeededRandom): ForeignRoom => {
  const room = createForeignRoom({ version, creator: bob, name: `x${random.below(2 ** 31)}` });
  room.member(carol, 'join');
  room.member(dave, 'ban', bob);
  return room;
};

export const pdus: Target = {
  name: 'pdus',
  share: 42,
  async play(round): Promise<void> {
    const { server, random, count, fail } = round;
    const { federation, rooms } = server.composed.parts;
    const room = roomWithPeople(random.pick(versions), random);
    await rooms.receive.enterRoom(room.joinOf(server.alice.userId));
    const history = [...room.events.keys()];
    const texts = Array.from({ length: CASES }, () =>
      forged(room, random.chance(0.8) ? room.tips : [random.pick(history)], random),
    );
    const verified = await federation.verify.verifyPdus(texts, room.version, source as ServerName);
    const given = new Map<EventId, Given>();
    for (const [at, result] of verified.entries()) {
      if (!result.ok || result.event.event.roomId !== room.roomId || given.has(result.event.event.eventId)) {
        count('dropped');
        continue;
      }
      given.set(result.event.event.eventId, { text: texts[at]!, incoming: result.event });
    }
    const events = [...given.values()].map(({ incoming }) => incoming);
    const onMissing = random.pick(['wait', 'judge'] as const);
    const fates = await rooms.receive.accept(room.roomId, events, { as: 'new', onMissing });
    if (fates.length !== events.length) fail('fates are missing', texts.join('\n'));
    for (const id of history) given.delete(id);
    await judge(round, room, given);
  },
};
