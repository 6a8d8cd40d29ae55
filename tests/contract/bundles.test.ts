// Relations, bundled aggregations and threads, on both engines.

import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { EventId, RoomId } from '../../src/protocol/ids/branded.ts';
import { parsePositionToken } from '../../src/rooms/read/position-token.ts';
import { putAccountData } from '../../src/storage/stores/account-data.ts';
import type { AnyJson } from '../harness/client.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { openTestRooms, type TestPerson, type TestRooms } from '../harness/rooms.ts';

const parsed = (texts: readonly string[]): AnyJson[] => texts.map((text) => JSON.parse(text));

const bundle = async (test: TestRooms, roomId: RoomId, eventId: EventId, by: TestPerson): Promise<AnyJson> =>
  JSON.parse(await test.reads.event(roomId, eventId, by.viewer)).unsigned['m.relations'];

const edit = (test: TestRooms, roomId: RoomId, by: TestPerson, target: EventId, body: string) =>
  test.relate(roomId, by, 'm.replace', target, { 'm.new_content': { body } });

const relations = {
  relType: undefined,
  eventType: undefined,
  from: undefined,
  to: undefined,
  backwards: true,
  limit: 50,
  recurse: false,
};

const setUp = async (test: TestRooms) => {
  const [alice, bob] = [await test.person('alice'), await test.person('bob')];
  const roomId = await test.create(alice);
  await test.member(roomId, bob, 'join');
  return { alice, bob, roomId };
};

describeOnBothEngines('bundled aggregations', (open) => {
  it('bundle the latest valid edit', async () => {
    const test = openTestRooms(await open());
    const { alice, bob, roomId } = await setUp(test);
    const original = await test.say(roomId, alice, 'teh');
    expect(await bundle(test, roomId, original, bob)).toBeUndefined();
    await edit(test, roomId, alice, original, 'the');
    const second = await edit(test, roomId, alice, original, 'The');
    expect((await bundle(test, roomId, original, bob))['m.replace']).toMatchObject({
      event_id: second,
      type: 'm.room.message',
      sender: alice.userId,
      content: { 'm.new_content': { body: 'The' } },
    });
    // Not the original's sender; not its type; nothing new in it; earlier by its own clock.
    await edit(test, roomId, bob, original, 'mine');
    const related = { 'm.relates_to': { rel_type: 'm.replace', event_id: original } };
    await test.send(roomId, {
      type: 'org.example.other',
      sender: alice.userId,
      content: { ...related, 'm.new_content': {} },
    });
    await test.relate(roomId, alice, 'm.replace', original);
    const stale = { ...related, 'm.new_content': {}, body: '' };
    await test.send(roomId, { type: 'm.room.message', sender: alice.userId, content: stale, originServerTs: 1 });
    expect((await bundle(test, roomId, original, bob))['m.replace'].event_id).toBe(second);
    // An edit of an edit is none.
    await edit(test, roomId, alice, second, 'THE');
    expect(await bundle(test, roomId, second, bob)).toBeUndefined();
    // Redacted, the edit before it holds; when the original is redacted, none does.
    await test.redact(roomId, alice, second);
    expect((await bundle(test, roomId, original, bob))['m.replace'].content['m.new_content'].body).toBe('the');
    await test.redact(roomId, alice, original);
    expect(await bundle(test, roomId, original, bob)).toBeUndefined();
  });

  it('breaks ties of edits by event id, and leaves state events alone', async () => {
    const test = openTestRooms(await open());
    const { alice, roomId } = await setUp(test);
    const original = await test.say(roomId, alice, 'one');
    const content = { 'm.relates_to': { rel_type: 'm.replace', event_id: original }, 'm.new_content': {} };
    const edits: EventId[] = [];
    for (let n = 0; n < 5; n++) {
      const draft = { type: 'm.room.message', sender: alice.userId, content: { ...content, n }, originServerTs: 99 };
      edits.push(await test.send(roomId, draft));
    }
    expect((await bundle(test, roomId, original, alice))['m.replace'].event_id).toBe([...edits].sort().at(-1));

    const state = await test.setState(roomId, alice, 'org.example.state', '', { a: 1 });
    const change = { 'm.relates_to': { rel_type: 'm.replace', event_id: state }, 'm.new_content': { a: 2 } };
    await test.send(roomId, { type: 'org.example.state', sender: alice.userId, content: change });
    await test.relate(roomId, alice, 'm.reference', state);
    expect(await bundle(test, roomId, state, alice)).toBeUndefined();
  });

  it('sum up threads for each viewer', async () => {
    const test = openTestRooms(await open());
    const { alice, bob, roomId } = await setUp(test);
    const carol = await test.person('carol');
    await test.member(roomId, carol, 'join');
    const root = await test.say(roomId, alice, 'root');
    await test.relate(roomId, bob, 'm.thread', root);
    const latest = await test.relate(roomId, bob, 'm.thread', root);
    const edited = await edit(test, roomId, bob, latest, 'better');
    const thread = async (by: TestPerson) => (await bundle(test, roomId, root, by))['m.thread'];
    expect(await thread(carol)).toMatchObject({ count: 2, current_user_participated: false });
    expect(await thread(bob)).toMatchObject({ count: 2, current_user_participated: true });
    expect(await thread(alice)).toMatchObject({ count: 2, current_user_participated: true });
    const { latest_event: last } = await thread(alice);
    expect(last).toMatchObject({ event_id: latest, room_id: roomId });
    expect(last.unsigned['m.relations']['m.replace'].event_id).toBe(edited);
    // A redacted event is in the thread no more.
    await test.redact(roomId, bob, latest);
    expect(await thread(alice)).toMatchObject({ count: 1 });
    expect((await thread(alice)).latest_event.event_id).not.toBe(latest);
  });

  it('do not count what ignored users wrote, nor what came after the viewer left', async () => {
    const db = await open();
    const test = openTestRooms(db);
    const { alice, bob, roomId } = await setUp(test);
    const carol = await test.person('carol');
    await test.member(roomId, carol, 'join');
    const root = await test.say(roomId, alice, 'root');
    const first = await test.relate(roomId, alice, 'm.thread', root);
    await test.relate(roomId, bob, 'm.thread', root);
    const reference = await test.relate(roomId, bob, 'm.reference', root);
    await test.member(roomId, carol, 'leave');
    await test.relate(roomId, alice, 'm.thread', root);
    await test.relate(roomId, alice, 'm.reference', root);
    expect((await bundle(test, roomId, root, carol))['m.thread']).toMatchObject({ count: 2 });
    expect((await bundle(test, roomId, root, carol))['m.reference']).toEqual({ chunk: [{ event_id: reference }] });
    expect((await bundle(test, roomId, root, alice))['m.reference'].chunk).toHaveLength(2);
    const content = JSON.stringify({ ignored_users: { [bob.userId]: {} } });
    await db.write(putAccountData, { user: carol.viewer.user, room: 0, type: 'm.ignored_user_list', content });
    const ignoring = await bundle(test, roomId, root, carol);
    expect(ignoring['m.thread']).toMatchObject({ count: 1, latest_event: { event_id: first } });
    expect(ignoring['m.reference']).toBeUndefined();
  });
});

describeOnBothEngines('relations', (open) => {
  it('are listed by type, in pages, in both directions', async () => {
    const test = openTestRooms(await open());
    const { alice, bob, roomId } = await setUp(test);
    const root = await test.say(roomId, alice, 'root');
    const threaded: EventId[] = [];
    for (let n = 0; n < 5; n++) threaded.push(await test.relate(roomId, bob, 'm.thread', root));
    const key = { rel_type: 'm.annotation', event_id: root, key: '👍' };
    const reaction = { type: 'm.reaction', sender: bob.userId, content: { 'm.relates_to': key } };
    const annotation = await test.send(roomId, reaction);
    const list = async (question: object, by = alice): Promise<{ ids: string[]; next: number | undefined }> => {
      const page = await test.reads.relations(roomId, root, { ...relations, ...question }, by.viewer);
      return {
        ids: parsed(page.chunk).map((event) => event.event_id),
        next: page.nextBatch === undefined ? undefined : parsePositionToken(page.nextBatch),
      };
    };
    expect((await list({})).ids).toEqual([annotation, ...[...threaded].reverse()]);
    expect((await list({ relType: 'm.annotation' })).ids).toEqual([annotation]);
    expect((await list({ relType: 'm.thread', eventType: 'm.reaction' })).ids).toEqual([]);
    expect((await list({ relType: 'm.thread', eventType: 'm.room.message' })).ids).toHaveLength(5);
    for (const backwards of [true, false]) {
      const ids: string[] = [];
      let from: number | undefined;
      do {
        const page = await list({ relType: 'm.thread', backwards, from, limit: 2 });
        ids.push(...page.ids);
        from = page.next;
      } while (from !== undefined);
      expect(ids).toEqual(backwards ? [...threaded].reverse() : threaded);
    }
    const eve = await test.person('eve');
    await expect(list({}, eve)).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  it('recurse three levels, each through the filter', async () => {
    const test = openTestRooms(await open());
    const { alice, roomId } = await setUp(test);
    let parent = await test.say(roomId, alice, 'root');
    const root = parent;
    const chain: EventId[] = [];
    for (let n = 0; n < 5; n++) {
      parent = await test.relate(roomId, alice, n === 1 ? 'm.reference' : 'm.thread', parent);
      chain.push(parent);
    }
    const list = async (question: object): Promise<string[]> =>
      parsed((await test.reads.relations(roomId, root, { ...relations, ...question }, alice.viewer)).chunk).map(
        (event) => event.event_id,
      );
    expect(await list({ recurse: true, backwards: false })).toEqual(chain.slice(0, 3));
    expect(await list({ recurse: true, relType: 'm.thread' })).toEqual(chain.slice(0, 1));
    expect(await list({ recurse: false })).toEqual(chain.slice(0, 1));
  });
});

describeOnBothEngines('threads', (open) => {
  it('are listed by their latest event, in pages', async () => {
    const test = openTestRooms(await open());
    const { alice, bob, roomId } = await setUp(test);
    const roots: EventId[] = [];
    for (let n = 0; n < 4; n++) roots.push(await test.say(roomId, n === 0 ? bob : alice, `root ${n}`));
    await test.say(roomId, alice, 'no thread');
    for (const root of roots) await test.relate(roomId, alice, 'm.thread', root);
    await test.relate(roomId, bob, 'm.thread', roots[1]!);
    const order = [roots[1], roots[3], roots[2], roots[0]];
    const list = async (question: object, by = alice): Promise<{ events: AnyJson[]; next: number | undefined }> => {
      const all = { participated: false, from: undefined, limit: 10, ...question };
      const page = await test.reads.threads(roomId, all, by.viewer);
      const next = page.nextBatch === undefined ? undefined : parsePositionToken(page.nextBatch);
      return { events: parsed(page.chunk), next };
    };
    const ids = (events: AnyJson[]) => events.map((event) => event.event_id);
    const all = await list({});
    expect(ids(all.events)).toEqual(order);
    expect(all.next).toBeUndefined();
    expect(all.events[0].unsigned['m.relations']['m.thread'].count).toBe(2);
    const first = await list({ limit: 3 });
    expect(ids(first.events)).toEqual(order.slice(0, 3));
    expect(ids((await list({ limit: 3, from: first.next })).events)).toEqual(order.slice(3));
    expect(ids((await list({ participated: true }, bob)).events)).toEqual([roots[1], roots[0]]);
    const eve = await test.person('eve');
    await expect(list({}, eve)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  });

  it('of ignored users come redacted', async () => {
    const db = await open();
    const test = openTestRooms(db);
    const { alice, bob, roomId } = await setUp(test);
    const root = await test.say(roomId, bob, 'noise');
    await test.relate(roomId, alice, 'm.thread', root);
    const content = JSON.stringify({ ignored_users: { [bob.userId]: {} } } satisfies JsonObject);
    await db.write(putAccountData, { user: alice.viewer.user, room: 0, type: 'm.ignored_user_list', content });
    const question = { participated: false, from: undefined, limit: 10 };
    const [event] = parsed((await test.reads.threads(roomId, question, alice.viewer)).chunk);
    expect(event).toMatchObject({ event_id: root, content: {} });
  });
});
