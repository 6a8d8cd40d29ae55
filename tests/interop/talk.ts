// What people of two servers say to each other in a room, and the small signs around it.

import { expect, test } from 'vitest';
import type { AnyJson } from '../harness/client.ts';
import { historyOf, roomPath, stateOf } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';
import type { Journeys, Meeting } from './pairings.ts';
import type { Person } from './person.ts';
import { expectSameState, heard, join, openRoom, setState, tell } from './rooms.ts';

interface Shared {
  readonly anna: Person;
  readonly bert: Person;
  readonly roomId: string;
}

/** A resident and a visitor in one room, each seeing the other. */
export const together = async (
  { resident, visitor }: Meeting,
  stack: AsyncDisposableStack,
  version: string,
  options: AnyJson = {},
): Promise<Shared> => {
  const [anna, bert] = await Promise.all([resident(stack), visitor(stack)]);
  const { roomId, alias } = await openRoom(anna, version, options);
  await join(bert, alias);
  await Promise.all([anna.seesMember(roomId, bert.userId, 'join'), bert.is(roomId, 'join')]);
  return { anna, bert, roomId };
};

const send = async (
  { client }: Person,
  roomId: string,
  type: string,
  content: object,
  txnId: string,
): Promise<string> => (await client.ok(client.put(roomPath(roomId, 'send', type, txnId), content))).event_id;

const redact = async ({ client }: Person, roomId: string, eventId: string): Promise<string> =>
  (await client.ok(client.put(roomPath(roomId, 'redact', eventId, `r${eventId}`), { reason: 'no more' }))).event_id;

const eventOf = async ({ client }: Person, roomId: string, eventId: string): Promise<AnyJson> =>
  client.ok(client.get(roomPath(roomId, 'event', eventId)));

export const conversations: Journeys = (meeting, version) => {
  test('what both say at the same time arrives once and in order', async () => {
    await using stack = new AsyncDisposableStack();
    const { anna, bert, roomId } = await together(meeting, stack, version);
    const count = 8;
    const speak = async (person: Person, name: string): Promise<string> => {
      let last = '';
      for (let index = 0; index < count; index += 1) last = await person.client.say(roomId, `${name} ${index}`);
      return last;
    };
    const [byAnna, byBert] = await Promise.all([speak(anna, 'anna'), speak(bert, 'bert')]);
    await Promise.all([anna, bert].flatMap((each) => [each.gets(roomId, byBert), each.gets(roomId, byAnna)]));
    const numbers = Array.from({ length: count }, (_, index) => index);
    for (const listener of [anna, bert]) {
      const words = heard(listener, roomId);
      expect(words.toSorted()).toEqual(numbers.flatMap((n) => [`anna ${n}`, `bert ${n}`]).toSorted());
      for (const name of ['anna', 'bert']) {
        expect(words.filter((body) => body.startsWith(name))).toEqual(numbers.map((n) => `${name} ${n}`));
      }
    }
    const spoken = (events: AnyJson[]): string[] =>
      events.filter(({ type }) => type === 'm.room.message').map(({ event_id }) => event_id);
    const [one, other] = await Promise.all([historyOf(anna.client, roomId), historyOf(bert.client, roomId)]);
    expect(spoken(one).toSorted()).toEqual(spoken(other).toSorted());
    await expectSameState(anna, bert, roomId);
  });
};

export const changes: Journeys = (meeting, version) => {
  test('edits, reactions and redactions', async () => {
    await using stack = new AsyncDisposableStack();
    const { anna, bert, roomId } = await together(meeting, stack, version);
    const [said, answered] = [await tell(anna, roomId, 'tee', bert), await tell(bert, roomId, 'rude', anna)];
    const edit = await send(
      anna,
      roomId,
      'm.room.message',
      {
        msgtype: 'm.text',
        body: '* tea',
        'm.new_content': { msgtype: 'm.text', body: 'tea' },
        'm.relates_to': { rel_type: 'm.replace', event_id: said },
      },
      'edit',
    );
    await bert.gets(roomId, edit);
    const edited = (await eventOf(bert, roomId, said)).unsigned['m.relations']['m.replace'];
    expect(edited.content['m.new_content'].body).toBe('tea');

    const relation = { rel_type: 'm.annotation', event_id: said, key: '👍' };
    const reaction = await send(bert, roomId, 'm.reaction', { 'm.relates_to': relation }, 'reaction');
    await anna.gets(roomId, reaction);
    const path = `/_matrix/client/v1/rooms/${encodeURIComponent(roomId)}/relations/${encodeURIComponent(said)}`;
    const { chunk } = await anna.client.ok(anna.client.get(`${path}/m.annotation`));
    expect(chunk.map(({ event_id }: AnyJson) => event_id)).toEqual([reaction]);

    // By its sender, and by a moderator of the other server.
    await redact(bert, roomId, reaction);
    const moderation = await redact(anna, roomId, answered);
    await bert.gets(roomId, moderation);
    for (const [person, eventId] of [
      [anna, reaction],
      [anna, answered],
      [bert, answered],
    ] as const) {
      const redacted = await until('redaction', async () => {
        const event = await eventOf(person, roomId, eventId);
        return event.unsigned?.redacted_because && event;
      });
      expect([redacted.content, redacted.unsigned.redacted_because.content.reason]).toEqual([{}, 'no more']);
    }
    // Nobody redacts others' messages without the power to.
    const refused = bert.client.put(roomPath(roomId, 'redact', said, 'refused'), {});
    expect((await refused).status).toBe(403);
  });
};

export const conflicts: Journeys = (meeting, version) => {
  test('state that both set at the same time ends up the same on both', async () => {
    await using stack = new AsyncDisposableStack();
    const { anna, bert, roomId } = await together(meeting, stack, version);
    const powers = await stateOf(anna.client, roomId, 'm.room.power_levels');
    const shared = { ...powers, users: { ...powers.users, [bert.userId]: 99 } };
    await bert.gets(roomId, await setState(anna, roomId, 'm.room.power_levels', shared));
    for (const round of [1, 2, 3]) {
      const [one, other] = await Promise.all([
        setState(anna, roomId, 'm.room.topic', { topic: `anna's ${round}` }),
        setState(bert, roomId, 'm.room.topic', { topic: `bert's ${round}` }),
        setState(anna, roomId, 'x.test', { round }, 'anna'),
        setState(bert, roomId, 'x.test', { round }, 'bert'),
      ]);
      await Promise.all([anna.gets(roomId, other), bert.gets(roomId, one)]);
    }
    await tell(bert, roomId, 'and now?', anna);
    await tell(anna, roomId, 'the same', bert);
    await expectSameState(anna, bert, roomId);
    expect(await stateOf(bert.client, roomId, 'x.test', 'anna')).toEqual({ round: 3 });
  });
};

export const signs: Journeys = (meeting, version) => {
  test('receipts, typing, presence and new names', async () => {
    await using stack = new AsyncDisposableStack();
    const { anna, bert, roomId } = await together(meeting, stack, version);
    for (const [one, other] of [
      [anna, bert],
      [bert, anna],
    ] as const) {
      const { client, userId } = one;
      const eventId = await tell(other, roomId, 'read me', one);
      await client.ok(client.post(roomPath(roomId, 'receipt', 'm.read', eventId)));
      await other.sees('receipt', roomId, ({ receipts }) => receipts.get(userId) === eventId);

      const typing = roomPath(roomId, 'typing', userId);
      await client.ok(client.put(typing, { typing: true, timeout: 30_000 }));
      await other.sees('typing', roomId, (room) => room.typing.includes(userId));
      await client.ok(client.put(typing, { typing: false }));
      await other.sees('end of typing', roomId, (room) => !room.typing.includes(userId));

      const status = { presence: 'online', status_msg: `tea with ${other.userId}` };
      await client.ok(client.put(`/_matrix/client/v3/presence/${encodeURIComponent(userId)}/status`, status));
      await until('presence', () => other.presence.get(userId)?.status_msg === status.status_msg);

      const name = { displayname: `${userId.slice(1, 4)} the Great` };
      await client.ok(client.put(`/_matrix/client/v3/profile/${encodeURIComponent(userId)}/displayname`, name));
      await other.sees('new name', roomId, ({ state }) => {
        return state.get(`m.room.member|${userId}`)?.content.displayname === name.displayname;
      });
    }
  });
};
