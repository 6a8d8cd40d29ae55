// Search of messages, names and topics, on both engines.

import { expect, it } from 'vitest';
import type { SearchKey } from '../../src/protocol/events/searched-text.ts';
import { parseRoomEventFilter } from '../../src/protocol/filters/event-filter.ts';
import type { RoomId } from '../../src/protocol/ids/branded.ts';
import type { SearchAnswer, SearchQuestion } from '../../src/rooms/search/search-events.ts';
import type { Database } from '../../src/storage/database.ts';
import { putAccountData } from '../../src/storage/stores/account-data.ts';
import type { AnyJson } from '../harness/client.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { createForeignRoom } from '../harness/foreign-events.ts';
import { openTestRooms, type TestPerson, type TestRooms } from '../harness/rooms.ts';

const keys: SearchKey[] = ['content.body', 'content.name', 'content.topic'];

const question: SearchQuestion = {
  term: '',
  keys,
  filter: parseRoomEventFilter({}),
  limit: 10,
  order: 'recent',
  context: undefined,
  includeState: false,
  groupBy: [],
  nextBatch: undefined,
};

const ask = (
  test: TestRooms,
  by: TestPerson,
  term: string,
  more: Partial<SearchQuestion> = {},
): Promise<SearchAnswer> => test.reads.search({ ...question, term, ...more }, by.viewer);

const shown = ({ results }: SearchAnswer): AnyJson[] => results.map(({ event }) => JSON.parse(event));

const texts = (answer: SearchAnswer): string[] =>
  shown(answer).map(({ content }) => content.body ?? content.name ?? content.topic);

describeOnBothEngines('search', (open) => {
  it('finds whole words in any order, case and accent, in names and topics as well', async () => {
    const test = openTestRooms(await open());
    const alice = await test.person('alice');
    const roomId = await test.create(alice, { name: 'Café Society' });
    await test.setState(roomId, alice, 'm.room.topic', '', {
      topic: 'old form',
      'm.topic': { 'm.text': [{ mimetype: 'text/html', body: '<b>x</b>' }, { body: 'About coffee' }] },
    });
    await test.say(roomId, alice, 'Hello, World!');
    await test.say(roomId, alice, 'world peace; hello there r1 kbody');
    await test.say(roomId, alice, '東京タワー');
    await test.setState(roomId, alice, 'org.example.other', '', { body: 'hello' });
    expect(texts(await ask(test, alice, 'WORLD hello'))).toEqual([
      'world peace; hello there r1 kbody',
      'Hello, World!',
    ]);
    expect(texts(await ask(test, alice, 'wor'))).toEqual([]);
    expect(texts(await ask(test, alice, 'cafe'))).toEqual(['Café Society']);
    expect(texts(await ask(test, alice, 'coffee'))).toEqual(['old form']);
    expect(texts(await ask(test, alice, '京'))).toEqual(['東京タワー']);
    expect(texts(await ask(test, alice, 'cafe', { keys: ['content.body'] }))).toEqual([]);
    expect(await ask(test, alice, '?!')).toMatchObject({ count: 0, results: [], highlights: [] });
    expect((await ask(test, alice, 'Hello?')).highlights).toEqual(['hello']);
  });

  it('searches the rooms that the user is or was in, as far as they may see', async () => {
    const db = await open();
    const test = openTestRooms(db);
    const [alice, bob] = [await test.person('alice'), await test.person('bob')];
    const [first, second] = [await test.create(alice, { visibility: 'joined' }), await test.create(alice)];
    await test.say(first, alice, 'secret before');
    await test.member(first, bob, 'join');
    await test.say(first, alice, 'secret during');
    await test.member(first, bob, 'leave');
    await test.say(first, alice, 'secret after');
    await test.say(second, alice, 'secret elsewhere');
    expect(texts(await ask(test, alice, 'secret'))).toHaveLength(4);
    expect(texts(await ask(test, bob, 'secret'))).toEqual(['secret during']);
    const only = (filter: object) => ask(test, alice, 'secret', { filter: parseRoomEventFilter({ ...filter }) });
    expect(texts(await only({ rooms: [second] }))).toEqual(['secret elsewhere']);
    expect(await only({ rooms: [second] })).toMatchObject({ count: 1 });
    expect(texts(await only({ not_rooms: [second], not_senders: [alice.userId] }))).toEqual([]);
    expect(texts(await only({ types: ['m.room.name'] }))).toEqual([]);

    await test.member(second, bob, 'join');
    await test.say(second, bob, 'secret of bob');
    const content = JSON.stringify({ ignored_users: { [bob.userId]: {} } });
    expect(texts(await ask(test, alice, 'bob'))).toEqual(['secret of bob']);
    await db.write(putAccountData, { user: alice.viewer.user, room: 0, type: 'm.ignored_user_list', content });
    expect(texts(await ask(test, alice, 'bob'))).toEqual([]);
  });

  it('does not find what was redacted, before or after it was indexed', async () => {
    const test = openTestRooms(await open());
    const alice = await test.person('alice');
    const roomId = await test.create(alice);
    const early = await test.say(roomId, alice, 'gone early');
    await test.redact(roomId, alice, early);
    const late = await test.say(roomId, alice, 'gone late');
    await test.say(roomId, alice, 'not gone');
    for (const order of ['rank', 'recent'] as const) {
      expect(texts(await ask(test, alice, 'gone', { order })).sort()).toEqual(['gone late', 'not gone']);
    }
    await test.redact(roomId, alice, late);
    expect(await ask(test, alice, 'gone')).toMatchObject({ count: 1, results: [{ rank: expect.any(Number) }] });
    expect(texts(await ask(test, alice, 'gone'))).toEqual(['not gone']);
  });

  it.each(['recent', 'rank'] as const)('comes in pages, also within groups: %s', async (order) => {
    const test = openTestRooms(await open());
    const [alice, bob] = [await test.person('alice'), await test.person('bob')];
    const rooms: RoomId[] = [await test.create(alice), await test.create(alice)];
    for (const roomId of rooms) await test.member(roomId, bob, 'join');
    for (let n = 0; n < 12; n++) await test.say(rooms[n % 2]!, n % 3 === 0 ? bob : alice, `message ${10 + n}`);
    const pages: string[][] = [];
    let nextBatch: string | undefined;
    do {
      const page = await ask(test, alice, 'message', { order, limit: 5, nextBatch });
      expect(page.count).toBe(12);
      pages.push(texts(page));
      nextBatch = page.nextBatch;
    } while (nextBatch !== undefined);
    expect(pages.map((page) => page.length)).toEqual([5, 5, 2]);
    expect(pages.flat()).toEqual(Array.from({ length: 12 }, (_, n) => `message ${21 - n}`));

    const grouped = await ask(test, alice, 'message', { order, limit: 5, groupBy: ['room_id', 'sender'] });
    const byRoom = grouped.groups.get('room_id')!;
    expect([...byRoom.keys()]).toEqual([rooms[1], rooms[0]]);
    expect(byRoom.get(rooms[1]!)!.eventIds).toHaveLength(3);
    const more = await ask(test, alice, 'message', { order, nextBatch: byRoom.get(rooms[1]!)!.nextBatch });
    expect(texts(more)).toEqual(['message 15', 'message 13', 'message 11']);
    const bySender = grouped.groups.get('sender')!.get(bob.userId)!;
    const moreOfBob = await ask(test, alice, 'message', { order, nextBatch: bySender.nextBatch });
    expect(texts(moreOfBob)).toEqual(['message 16', 'message 13', 'message 10']);
    const invalid = { errcode: 'M_INVALID_PARAM' };
    await expect(ask(test, alice, 'message', { order, nextBatch: 'x' })).rejects.toMatchObject(invalid);
  });

  it('ranks by how much of a text is what was looked for', async () => {
    const test = openTestRooms(await open());
    const alice = await test.person('alice');
    const roomId = await test.create(alice);
    await test.say(roomId, alice, 'tea');
    await test.say(roomId, alice, 'tea or perhaps something else that is not as good');
    const answer = await ask(test, alice, 'tea', { order: 'rank' });
    expect(texts(answer)[0]).toBe('tea');
    expect(answer.results[0]!.rank).toBeGreaterThan(answer.results[1]!.rank);
  });

  it('shows results in their context, with the state of their rooms', async () => {
    const test = openTestRooms(await open());
    const alice = await test.person('alice');
    const roomId = await test.create(alice, { name: 'The room' });
    for (let n = 1; n <= 7; n++) await test.say(roomId, alice, `Message number ${n}`);
    const answer = await ask(test, alice, 'Message 4', {
      context: { before: 2, after: 2, includeProfile: true },
      includeState: true,
    });
    expect(texts(answer)).toEqual(['Message number 4']);
    const { context } = answer.results[0]!;
    const bodies = (events: readonly string[]) => events.map((text) => JSON.parse(text).content.body);
    expect(bodies(context!.before)).toEqual(['Message number 3', 'Message number 2']);
    expect(bodies(context!.after)).toEqual(['Message number 5', 'Message number 6']);
    expect(context!.profiles).toEqual({ [alice.userId]: { displayname: 'ali' } });
    const state = answer.state!.get(roomId)!.map((text) => JSON.parse(text));
    expect(state.find((event) => event.type === 'm.room.name').content.name).toBe('The room');
  });

  it('goes on with its index where another left it', async () => {
    const db = await open();
    const test = openTestRooms(db);
    const alice = await test.person('alice');
    const roomId = await test.create(alice);
    await test.say(roomId, alice, 'first words');
    expect(texts(await ask(test, alice, 'words'))).toEqual(['first words']);
    await test.say(roomId, alice, 'second words');
    const again = openTestRooms(db);
    await again.say(roomId, alice, 'third words');
    expect(texts(await ask(again, alice, 'words'))).toEqual(['third words', 'second words', 'first words']);
    expect((await ask(again, alice, 'words')).count).toBe(3);
    // Both at once do nothing twice.
    await test.say(roomId, alice, 'fourth words');
    const both = await Promise.all([ask(test, alice, 'words'), ask(again, alice, 'words')]);
    expect(both.map(({ count }) => count)).toEqual([4, 4]);
  });

  it('passes over the positions that are kept free for history at once', async () => {
    const db = await open();
    let reads = 0;
    const counting: Database = {
      dialect: db.dialect,
      headAtOpen: db.headAtOpen,
      read: (work) => {
        reads += 1;
        return db.read(work);
      },
      write: (writer, args) => db.write(writer, args),
      onCommit: (listener) => db.onCommit(listener),
      [Symbol.asyncDispose]: async () => undefined,
    };
    const test = openTestRooms(counting);
    const alice = await test.person('alice');
    const foreign = createForeignRoom();
    await test.rooms.receive.enterRoom(foreign.joinOf(alice.userId));
    await test.say(foreign.roomId, alice, 'above the hole');
    reads = 0;
    expect(texts(await ask(test, alice, 'hole'))).toEqual(['above the hole']);
    expect(reads).toBeLessThan(20);
  });
});
