// What people get to see of rooms, on both engines.

import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { parseRoomEventFilter } from '../../src/protocol/filters/event-filter.ts';
import type { EventId, RoomId } from '../../src/protocol/ids/branded.ts';
import { parsePositionToken } from '../../src/rooms/read/position-token.ts';
import { putAccountData } from '../../src/storage/stores/account-data.ts';
import type { AnyJson } from '../harness/client.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { openTestRooms, type TestPerson, type TestRooms } from '../harness/rooms.ts';

const parsed = (texts: readonly string[]): AnyJson[] => texts.map((text) => JSON.parse(text));

const backwards = { from: undefined, to: undefined, backwards: true, limit: 100, filter: undefined };

const bodies = async (test: TestRooms, roomId: RoomId, by: TestPerson): Promise<string[]> => {
  const { chunk } = await test.reads.messages(roomId, backwards, by.viewer);
  return parsed(chunk).flatMap((event) => event.content.body ?? []);
};

const shownEvent = async (test: TestRooms, roomId: RoomId, eventId: EventId, by: TestPerson): Promise<AnyJson> =>
  JSON.parse(await test.reads.event(roomId, eventId, by.viewer));

const forbidden = { errcode: 'M_FORBIDDEN', status: 403 };
const absent = { errcode: 'M_NOT_FOUND', status: 404 };

describeOnBothEngines('reading rooms', (open) => {
  it('pages through the whole timeline in both directions, without gap or repeat', async () => {
    const test = openTestRooms(await open());
    const alice = await test.person('alice');
    const roomId = await test.create(alice);
    for (let n = 0; n < 12; n++) await test.say(roomId, alice, `message ${n}`);
    const all = parsed((await test.reads.messages(roomId, backwards, alice.viewer)).chunk).map((e) => e.event_id);
    expect(all).toHaveLength(17);

    const read = async (dir: 'b' | 'f', limit: number): Promise<string[]> => {
      const ids: string[] = [];
      let from: number | undefined;
      for (let pages = 0; pages < 50; pages++) {
        const question = { from, to: undefined, backwards: dir === 'b', limit, filter: undefined };
        const page = await test.reads.messages(roomId, question, alice.viewer);
        ids.push(...parsed(page.chunk).map((event) => event.event_id));
        if (page.end === undefined) return ids;
        expect(page.chunk.length).toBeGreaterThan(0);
        from = parsePositionToken(page.end);
      }
      throw new Error('the pages do not end');
    };
    for (const limit of [1, 5, 17, 100]) expect(await read('b', limit)).toEqual(all);
    expect(await read('f', 4)).toEqual([...all].reverse());
  });

  it('tells in a page that it knows what has changed since', async () => {
    const test = openTestRooms(await open());
    const alice = await test.person('alice', 7);
    const roomId = await test.create(alice, { name: 'room' });
    const transaction = { device: 7, scope: 'send', txnId: 'mine' };
    const draft = { type: 'm.room.message', sender: alice.userId, content: { body: 'one' }, transaction };
    const one = await test.send(roomId, draft);
    const two = await test.say(roomId, alice, 'two');
    const page = async (device = 7): Promise<Map<string, AnyJson>> => {
      const { chunk } = await test.reads.messages(roomId, backwards, { ...alice.viewer, device });
      return new Map(parsed(chunk).map((event) => [event.event_id, event]));
    };
    for (let times = 0; times < 2; times++) {
      expect((await page()).get(one).unsigned.transaction_id).toBe('mine');
      expect((await page(8)).get(one).unsigned.transaction_id).toBeUndefined();
      expect((await page()).get(two).unsigned['m.relations']).toBeUndefined();
    }
    await test.relate(roomId, alice, 'm.reference', two);
    await test.redact(roomId, alice, one);
    const changed = await page();
    expect(changed.get(two).unsigned['m.relations']['m.reference'].chunk).toHaveLength(1);
    expect(changed.get(one)).toMatchObject({ content: {}, unsigned: { redacted_because: { redacts: one } } });
    const name = () => test.reads.stateEvent(roomId, ['m.room.name', ''], 'content', alice.viewer);
    const named = (await page()).values().find((event) => event.type === 'm.room.name');
    expect(JSON.parse(await name())).toEqual({ name: 'room' });
    await test.redact(roomId, alice, named.event_id);
    expect(JSON.parse(await name())).toEqual({});
  });

  it('stops at `to`, filters, and lazily loads the senders', async () => {
    const test = openTestRooms(await open());
    const [alice, bob] = [await test.person('alice'), await test.person('bob')];
    const roomId = await test.create(alice);
    await test.member(roomId, bob, 'join');
    await test.say(roomId, alice, 'one');
    const { start } = await test.reads.messages(roomId, backwards, alice.viewer);
    await test.say(roomId, bob, 'two', { url: 'mxc://x/y' });
    await test.say(roomId, bob, 'three');

    const ask = (fields: object, filter: JsonObject = {}) =>
      test.reads.messages(roomId, { ...backwards, ...fields, filter: parseRoomEventFilter(filter) }, alice.viewer);
    const since = await ask({ to: parsePositionToken(start) }, { lazy_load_members: true });
    expect(parsed(since.chunk).map((event) => event.content.body)).toEqual(['three', 'two']);
    expect(parsed(since.state!).map((event) => [event.type, event.state_key])).toEqual([['m.room.member', bob.userId]]);

    const some = await ask({}, { types: ['m.room.message'], senders: [bob.userId], contains_url: true });
    expect(parsed(some.chunk).map((event) => event.content.body)).toEqual(['two']);
    // What passes the filter may be far away: the first page finds it all the same.
    const created = await ask({ limit: 1 }, { types: ['m.room.create'] });
    expect(created.chunk).toHaveLength(1);
    expect((await ask({}, { not_rooms: [roomId] })).chunk).toEqual([]);
  });

  it('finds events by what relates to them', async () => {
    const test = openTestRooms(await open());
    const [alice, bob] = [await test.person('alice'), await test.person('bob')];
    const roomId = await test.create(alice);
    await test.member(roomId, bob, 'join');
    const root = await test.say(roomId, alice, 'root');
    await test.say(roomId, alice, 'other');
    await test.relate(roomId, bob, 'm.thread', root);
    const ask = async (filter: JsonObject): Promise<string[]> => {
      const question = { ...backwards, filter: parseRoomEventFilter(filter) };
      return parsed((await test.reads.messages(roomId, question, alice.viewer)).chunk).map((event) => event.event_id);
    };
    expect(await ask({ related_by_rel_types: ['m.thread'] })).toEqual([root]);
    expect(await ask({ related_by_senders: [bob.userId] })).toEqual([root]);
    expect(await ask({ related_by_senders: [alice.userId] })).toEqual([]);
    expect(await ask({ related_by_rel_types: ['m.replace'] })).toEqual([]);
  });

  it.each([
    ['world_readable', ['early', 'invited', 'joined'], ['early', 'invited', 'joined', 'left']],
    ['shared', ['early', 'invited', 'joined'], []],
    ['invited', ['invited', 'joined'], []],
    ['joined', ['joined'], []],
  ])('shows history by its visibility: %s', async (visibility, forFormer, forStranger) => {
    const test = openTestRooms(await open());
    const [alice, bob, eve] = [await test.person('alice'), await test.person('bob'), await test.person('eve')];
    const roomId = await test.create(alice, { visibility });
    const early = await test.say(roomId, alice, 'early');
    await test.member(roomId, alice, 'invite', bob);
    await test.say(roomId, alice, 'invited');
    await test.member(roomId, bob, 'join');
    await test.say(roomId, alice, 'joined');
    expect((await bodies(test, roomId, bob)).reverse()).toEqual(forFormer);
    const left = await test.member(roomId, bob, 'leave');
    const late = await test.say(roomId, alice, 'left');

    const world = visibility === 'world_readable';
    expect((await bodies(test, roomId, bob)).reverse()).toEqual(world ? [...forFormer, 'left'] : forFormer);
    // Their own leave is theirs to see.
    expect((await shownEvent(test, roomId, left, bob)).unsigned.membership).toBe('leave');
    if (world) {
      expect((await bodies(test, roomId, eve)).reverse()).toEqual(forStranger);
      return;
    }
    await expect(shownEvent(test, roomId, late, bob)).rejects.toMatchObject(absent);
    await expect(bodies(test, roomId, eve)).rejects.toMatchObject(forbidden);
    await expect(shownEvent(test, roomId, early, eve)).rejects.toMatchObject(absent);
  });

  it('lets nobody in who was only invited, or banned before they came', async () => {
    const test = openTestRooms(await open());
    const [alice, bob] = [await test.person('alice'), await test.person('bob')];
    const roomId = await test.create(alice, { visibility: 'invited' });
    for (const membership of ['invite', 'ban']) {
      await test.member(roomId, alice, membership, bob);
      await expect(bodies(test, roomId, bob)).rejects.toMatchObject(forbidden);
      await expect(test.reads.state(roomId, bob.viewer)).rejects.toMatchObject(forbidden);
    }
    await expect(bodies(test, '!nowhere:example.org' as RoomId, bob)).rejects.toMatchObject(forbidden);
  });

  it('shows state and members as they were for those who left', async () => {
    const test = openTestRooms(await open());
    const [alice, bob, carol] = [await test.person('alice'), await test.person('bob'), await test.person('carol')];
    const roomId = await test.create(alice, { name: 'before' });
    await test.member(roomId, bob, 'join');
    const { start } = await test.reads.messages(roomId, backwards, alice.viewer);
    await test.member(roomId, bob, 'leave');
    await test.setState(roomId, alice, 'm.room.name', '', { name: 'after' });
    await test.setState(roomId, alice, 'm.room.topic', '', { topic: 'new' });
    await test.member(roomId, carol, 'join');

    const name = (by: TestPerson) => test.reads.stateEvent(roomId, ['m.room.name', ''], 'content', by.viewer);
    expect(JSON.parse(await name(bob))).toEqual({ name: 'before' });
    expect(JSON.parse(await name(alice))).toEqual({ name: 'after' });
    await expect(test.reads.stateEvent(roomId, ['m.room.topic', ''], 'event', bob.viewer)).rejects.toMatchObject(
      absent,
    );
    const state = parsed(await test.reads.state(roomId, bob.viewer));
    expect(state.find((event) => event.type === 'm.room.name').content.name).toBe('before');
    expect(state.some((event) => event.state_key === carol.userId)).toBe(false);

    const members = async (by: TestPerson, more: object = {}): Promise<string[]> => {
      const question = { at: undefined, membership: undefined, notMembership: undefined, ...more };
      const events = parsed(await test.reads.members(roomId, question, by.viewer));
      return events.map((event) => `${event.state_key} ${event.content.membership}`).sort();
    };
    const [a, b, c] = [alice, bob, carol].map(({ userId }) => userId);
    expect(await members(alice)).toEqual([`${a} join`, `${b} leave`, `${c} join`]);
    expect(await members(bob)).toEqual([`${a} join`, `${b} leave`]);
    expect(await members(alice, { at: parsePositionToken(start) })).toEqual([`${a} join`, `${b} join`]);
    expect(await members(alice, { at: 0 })).toEqual([`${a} join`]);
    expect(await members(alice, { notMembership: 'leave' })).toEqual([`${a} join`, `${c} join`]);
    expect(await members(alice, { membership: 'leave' })).toEqual([`${b} leave`]);
    const joined = await Array.fromAsync(await test.reads.joinedMembers(roomId, alice.viewer));
    expect(Object.keys(JSON.parse(joined.join(''))).sort()).toEqual([a, c]);
    await expect(test.reads.joinedMembers(roomId, bob.viewer)).rejects.toMatchObject(forbidden);
    expect(await test.reads.joinedRooms(alice.viewer)).toEqual([roomId]);
    expect(await test.reads.joinedRooms(bob.viewer)).toEqual([]);
  });

  it('shows an event in its context, with tokens that leave it out', async () => {
    const test = openTestRooms(await open());
    const [alice, bob] = [await test.person('alice'), await test.person('bob')];
    const roomId = await test.create(alice, { name: 'old' });
    await test.member(roomId, bob, 'join');
    for (let n = 0; n < 4; n++) await test.say(roomId, alice, `before ${n}`);
    const event = await test.say(roomId, alice, 'here');
    await test.setState(roomId, alice, 'm.room.name', '', { name: 'new' });
    for (let n = 0; n < 4; n++) await test.say(roomId, alice, `after ${n}`);

    const ask = (limit: number, filter?: JsonObject) =>
      test.reads.context(roomId, event, { limit, filter: filter && parseRoomEventFilter(filter) }, alice.viewer);
    const context = await ask(5);
    expect(parsed(context.before).map((e) => e.content.body)).toEqual(['before 3', 'before 2']);
    expect(parsed(context.after).map((e) => e.content.body ?? e.type)).toEqual(['m.room.name', 'after 0', 'after 1']);
    expect(JSON.parse(context.event).event_id).toBe(event);
    const name = parsed(context.state).find((e) => e.type === 'm.room.name');
    expect(name.content.name).toBe('new');
    const earlier = { ...backwards, from: parsePositionToken(context.start), limit: 1 };
    expect(parsed((await test.reads.messages(roomId, earlier, alice.viewer)).chunk)[0].content.body).toBe('before 1');
    const later = { ...backwards, from: parsePositionToken(context.end), backwards: false, limit: 1 };
    expect(parsed((await test.reads.messages(roomId, later, alice.viewer)).chunk)[0].content.body).toBe('after 2');

    const alone = await ask(0, { lazy_load_members: true, not_types: ['m.room.power_levels'] });
    expect([alone.before, alone.after]).toEqual([[], []]);
    const types = parsed(alone.state).map((e) => `${e.type} ${e.state_key}`);
    expect(types).toContain(`m.room.member ${alice.userId}`);
    expect(types).not.toContain(`m.room.member ${bob.userId}`);
    expect(types).not.toContain('m.room.power_levels ');
    expect(parsed(alone.state).find((e) => e.type === 'm.room.name').content.name).toBe('old');
  });

  it('tells what events replaced, who redacted them, and what a device sent', async () => {
    const test = openTestRooms(await open());
    const [alice, bob] = [await test.person('alice', 41), await test.person('bob', 42)];
    const roomId = await test.create(alice, { name: 'one' });
    await test.member(roomId, bob, 'join');
    const second = await test.setState(roomId, alice, 'm.room.name', '', { name: 'two' });
    const said = await test.send(roomId, {
      type: 'm.room.message',
      sender: alice.userId,
      content: { body: 'oops' },
      transaction: { device: 41, scope: 'send', txnId: 'txn"1' },
    });
    const { unsigned } = await shownEvent(test, roomId, second, alice);
    expect(unsigned).toMatchObject({ prev_content: { name: 'one' }, membership: 'join' });
    expect(unsigned.replaces_state).toMatch(/^\$/);
    expect((await shownEvent(test, roomId, said, alice)).unsigned.transaction_id).toBe('txn"1');
    expect((await shownEvent(test, roomId, said, bob)).unsigned.transaction_id).toBeUndefined();

    await test.clock.advance(1000);
    const redaction = await test.redact(roomId, alice, said);
    const redacted = await shownEvent(test, roomId, said, bob);
    expect(redacted.content).toEqual({});
    expect(redacted.unsigned.redacted_because).toMatchObject({
      event_id: redaction,
      type: 'm.room.redaction',
      sender: alice.userId,
      redacts: said,
      content: { redacts: said },
      room_id: roomId,
    });
    expect(redacted.unsigned.age).toBeGreaterThanOrEqual(1000);
  });

  it('serves redactions of old rooms with `redacts` in both places', async () => {
    const test = openTestRooms(await open());
    const alice = await test.person('alice');
    const roomId = await test.create(alice, { version: '10' });
    const said = await test.say(roomId, alice, 'oops');
    const redaction = await test.redact(roomId, alice, said);
    expect(await shownEvent(test, roomId, redaction, alice)).toMatchObject({
      redacts: said,
      content: { redacts: said },
    });
  });

  it('finds the event nearest to a moment', async () => {
    const test = openTestRooms(await open());
    const [alice, bob] = [await test.person('alice'), await test.person('bob')];
    const roomId = await test.create(alice, { visibility: 'joined' });
    await test.clock.advance(1000);
    const first = await test.say(roomId, alice, 'first');
    const between = test.clock.now() + 500;
    await test.clock.advance(1000);
    const join = await test.member(roomId, bob, 'join');
    const last = await test.say(roomId, alice, 'last');
    const find = (timestamp: number, forwards: boolean, by = alice) =>
      test.reads.eventNearTime(roomId, { timestamp, forwards }, by.viewer);
    expect((await find(between, false)).event_id).toBe(first);
    expect((await find(between + 502, true)).event_id).toBe(last);
    await expect(find(test.clock.now() + 1, true)).rejects.toMatchObject(absent);
    await expect(find(0, false)).rejects.toMatchObject(absent);
    // What the viewer may not see is not found.
    expect((await find(between - 501, true)).event_id).toBe(first);
    expect((await find(between - 501, true, bob)).event_id).toBe(join);
    const eve = await test.person('eve');
    await expect(find(between, false, eve)).rejects.toMatchObject(forbidden);
  });

  it('leaves out what ignored users said, but not what they did to the room', async () => {
    const db = await open();
    const test = openTestRooms(db);
    const [alice, bob] = [await test.person('alice'), await test.person('bob')];
    const roomId = await test.create(alice);
    await test.member(roomId, bob, 'join');
    await test.say(roomId, bob, 'noise');
    await test.say(roomId, alice, 'signal');
    expect(await bodies(test, roomId, alice)).toEqual(['signal', 'noise']);
    const ignore = (users: JsonObject) =>
      db.write(putAccountData, {
        user: alice.viewer.user,
        room: 0,
        type: 'm.ignored_user_list',
        content: JSON.stringify({ ignored_users: users }),
      });
    await ignore({ [bob.userId]: {} });
    expect(await bodies(test, roomId, alice)).toEqual(['signal']);
    const { chunk } = await test.reads.messages(roomId, backwards, alice.viewer);
    expect(parsed(chunk).some((event) => event.sender === bob.userId)).toBe(true);
    await ignore({});
    expect(await bodies(test, roomId, alice)).toEqual(['signal', 'noise']);
  });
});
