// What becomes of events of other servers: order, verdicts, forks, history, redactions.

import { afterEach, describe, expect, test } from 'vitest';
import { type FreshDatabase, openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom, type ForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import { parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { EventId, ServerName } from '../../protocol/ids/branded.ts';
import type { RoomVersionId } from '../../protocol/room-versions/room-version.ts';
import { roomVersions } from '../../protocol/room-versions/room-versions.ts';
import { addEventSignature } from '../../protocol/signing/sign-event.ts';
import { signingKeyFromSeed } from '../../protocol/signing/signing-key.ts';
import type { Database, Writer } from '../../storage/database.ts';
import { eventById, timeline } from '../../storage/stores/events.ts';
import { SEQUENCE_MOVED } from '../../storage/stores/persist.ts';
import type { Fate, IncomingEvent } from './incoming.ts';

const opened: FreshDatabase[] = [];
afterEach(async () => {
  for (const fresh of opened.splice(0)) await fresh[Symbol.asyncDispose]();
});

const bob = '@bob:elsewhere.example';
const carol = '@carol:third.example';
const alice = '@alice:example.org';

const openRooms = async () => {
  const fresh = await openFreshSqlite();
  opened.push(fresh);
  const { rooms, clock } = openTestRooms(fresh.database);
  return { db: fresh.database, rooms, clock };
};

/** A room of another server that alice of this one has joined. */
const enter = async (room: ForeignRoom = createForeignRoom()) => {
  const { db, rooms, clock } = await openRooms();
  await rooms.receive.enterRoom(room.joinOf(alice));
  const { nid } = await rooms.require(room.roomId);
  const accept = (events: readonly IncomingEvent[], options: object = {}): Promise<Fate[]> =>
    rooms.receive.accept(room.roomId, events, { as: 'new', onMissing: 'wait', ...options });
  const fatesOf = async (events: readonly IncomingEvent[], options: object = {}): Promise<string[]> =>
    (await accept(events, options)).map(({ fate }) => fate);
  return {
    db,
    rooms,
    clock,
    room,
    nid,
    accept,
    fatesOf,
    stored: (id: EventId) => db.read((tx) => eventById(tx, id)),
    timeline: async () => {
      const range = { room: nid, after: -(2 ** 50), upTo: 2 ** 50, backwards: false, limit: 10_000 };
      return (await db.read((tx) => timeline(tx, range))).map(({ eventId }) => eventId);
    },
    state: async (type: string, key = '') => (await (await rooms.view(room.roomId)).get(type, key))?.eventId,
    extremities: async () => (await rooms.receive.extremities(room.roomId)).map(({ eventId }) => eventId).sort(),
  };
};

const idsOf = (events: readonly IncomingEvent[]): EventId[] => events.map(({ event }) => event.eventId);

describe('a room of another server', () => {
  test.each(Object.keys(roomVersions) as RoomVersionId[])('is entered and followed in version %s', async (version) => {
    const { room, fatesOf, timeline: read, extremities, state, rooms } = await enter(createForeignRoom({ version }));
    const events = [
      room.say(bob, 'one'),
      room.member(carol, 'join'),
      room.add({ type: 'm.room.topic', stateKey: '', sender: bob, content: { topic: 'x' } }),
      room.say(carol, 'two'),
    ];
    expect(await fatesOf(events.toReversed())).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect((await read()).slice(1)).toEqual(idsOf(events));
    expect(await extremities()).toEqual([events[3]!.event.eventId]);
    expect(await state('m.room.topic')).toBe(events[2]!.event.eventId);
    expect(await fatesOf(events)).toEqual(['known', 'known', 'known', 'known']);
    const sent = await rooms.send(room.roomId, { type: 'm.room.message', sender: alice as never, content: {} });
    expect(await extremities()).toEqual([sent.eventId]);
  });

  test('waits for what is missing, and takes it in any order', async () => {
    const { room, accept, fatesOf } = await enter();
    const [first, second, third] = [room.say(bob, '1'), room.say(bob, '2'), room.say(bob, '3')];
    expect(await accept([third, second])).toMatchObject([
      { fate: 'waiting', missingPrevs: [second.event.eventId] },
      { fate: 'waiting', missingPrevs: [first.event.eventId], missingAuthEvents: [] },
    ]);
    expect(await fatesOf([third, first, second])).toEqual(['accepted', 'accepted', 'accepted']);
  });

  test('refuses what its state does not allow, with the rule', async () => {
    const { room, accept, stored, extremities } = await enter();
    const tips = room.tips;
    const forbidden = room.say(carol, 'not a member');
    const [fate] = await accept([forbidden]);
    expect(fate).toMatchObject({ fate: 'rejected', failed: { check: 'auth-events', rule: '5' } });
    expect(await stored(forbidden.event.eventId)).toMatchObject({ verdict: 2, position: null });
    expect(await extremities()).toEqual(tips);
    // What follows a rejected event is judged by the state without it.
    const after = room.say(bob, 'after', { prev: [forbidden.event.eventId] });
    expect(await accept([after])).toMatchObject([{ fate: 'accepted' }]);
    expect(await extremities()).toEqual([after.event.eventId]);
  });

  test('soft-fails what comes late from somebody who was banned', async () => {
    const { room, accept, fatesOf, extremities, state, timeline: read } = await enter();
    const join = room.member(carol, 'join');
    const ban = room.member(carol, 'ban', bob);
    await accept([join, ban]);
    const late = room.say(carol, 'late', { prev: [join.event.eventId] });
    expect(await accept([late])).toMatchObject([{ fate: 'soft-failed', failed: { check: 'current-state' } }]);
    expect(await read()).not.toContain(late.event.eventId);
    expect(await extremities()).toEqual([ban.event.eventId]);
    const both = room.say(bob, 'both', { prev: [late.event.eventId, ban.event.eventId] });
    expect(await fatesOf([both])).toEqual(['accepted']);
    expect(await extremities()).toEqual([both.event.eventId]);
    expect(await state('m.room.member', carol)).toBe(ban.event.eventId);
  });

  test.each(['leave', 'ban'])(
    'soft-fails on one branch what a %s on another forbids, in one go',
    async (membership) => {
      const { room, accept, extremities, fatesOf } = await enter();
      await accept([room.member(carol, 'join')]);
      const fork = room.tips;
      const topic = (text: string, prev: IncomingEvent): IncomingEvent =>
        room.add({
          type: 'm.room.topic',
          stateKey: '',
          sender: bob,
          content: { topic: text },
          prev: [prev.event.eventId],
        });
      const content = { users: { [bob]: 100 }, events_default: 0 };
      const power = room.add({ type: 'm.room.power_levels', stateKey: '', sender: bob, content, prev: fork });
      const one = topic('one', power);
      const out = room.member(carol, membership, membership === 'ban' ? bob : carol, { prev: [one.event.eventId] });
      const two = topic('two', out);
      const said: IncomingEvent[] = [];
      for (let prev = fork; said.length < 4; prev = [said.at(-1)!.event.eventId]) {
        said.push(room.say(carol, String(said.length), { prev }));
      }
      // One of each branch in turn: the third was said after she was gone.
      const turns = [power, said[0]!, one, said[1]!, out, said[2]!, two, said[3]!];
      const [taken, late] = ['accepted', 'soft-failed'];
      expect(await fatesOf(turns)).toEqual([taken, taken, taken, taken, taken, late, taken, late]);
      expect(await extremities()).toEqual([two.event.eventId, said[1]!.event.eventId].sort());
    },
  );

  test('resolves forks, and tells of members that changed without an event', async () => {
    const { room, accept, extremities, state, db, nid } = await enter();
    const join = room.member(carol, 'join');
    const power = room.add({
      type: 'm.room.power_levels',
      stateKey: '',
      sender: bob,
      content: { users: { [bob]: 100, [carol]: 50 } },
    });
    await accept([join, power]);
    const fork = room.tips;
    const topic = room.add({ type: 'm.room.topic', stateKey: '', sender: carol, content: { topic: 'c' }, prev: fork });
    await accept([topic]);
    const ban = room.member(carol, 'ban', bob, { prev: fork });
    const name = room.add({
      type: 'm.room.name',
      stateKey: '',
      sender: bob,
      content: { name: 'n' },
      prev: [ban.event.eventId],
    });
    await accept([ban, name]);
    expect(await extremities()).toEqual([topic.event.eventId, name.event.eventId].sort());
    expect(await state('m.room.member', carol)).toBe(ban.event.eventId);
    expect(await state('m.room.name')).toBe(name.event.eventId);
    // The ban comes first in the resolved order, so the topic of who is banned is not in the state.
    expect(await state('m.room.topic')).toBeUndefined();
    const row = await db.read((tx) =>
      tx.get<{ membership: string }>(
        `SELECT m.membership AS "membership" FROM memberships m JOIN users u ON u.nid = m.user_nid
         WHERE m.room = ? AND u.user_id = ?`,
        nid,
        carol,
      ),
    );
    expect(row).toEqual({ membership: 'ban' });
  });

  test('applies redactions of who may, also when they come first', async () => {
    const { room, accept, stored } = await enter();
    const join = room.member(carol, 'join');
    const said = room.say(bob, 'said');
    await accept([join, said]);
    const redact = (sender: string, redacts: EventId) =>
      room.add({ type: 'm.room.redaction', sender, redacts, content: {} });
    await accept([redact(carol, said.event.eventId)]);
    expect(await stored(said.event.eventId)).toMatchObject({ redactedBy: null });
    await accept([redact(bob, said.event.eventId)]);
    expect(await stored(said.event.eventId)).toMatchObject({ content: '{}' });
    const side = room.say(carol, 'side', { prev: room.tips });
    const early = redact(bob, side.event.eventId);
    const fork = room.add({
      type: 'm.room.redaction',
      sender: bob,
      redacts: side.event.eventId,
      content: {},
      prev: side.event.prevEvents,
    });
    await accept([fork]);
    await accept([side, early]);
    expect(await stored(side.event.eventId)).toMatchObject({ content: '{}', redactedBy: expect.any(Number) });
  });

  test('applies redactions that are still on their way to the disk', async () => {
    const { room, accept, stored } = await enter();
    const prev = [...room.tips];
    const said = room.say(bob, 'said');
    const redacts = said.event.eventId;
    const first = room.add({ type: 'm.room.redaction', sender: bob, redacts, content: {}, prev });
    await Promise.all([accept([first]), accept([said])]);
    expect(await stored(redacts)).toMatchObject({ content: '{}', redactedBy: expect.any(Number) });
  });
});

describe('events that come in another order elsewhere', () => {
  test('what follows an event and the event itself are taken at the same time', async () => {
    const { room, accept, extremities } = await enter();
    for (let n = 0; n < 10; n++) {
      const [first, second] = [room.say(bob, `first ${n}`), room.say(bob, `second ${n}`)];
      await Promise.all([accept([second], { onMissing: 'judge' }), accept([first])]);
      expect(await extremities()).toEqual([second.event.eventId]);
    }
  });

  test('what an outlier authorised falls with it once it has its place', async () => {
    const { room, rooms, accept, stored } = await enter();
    const auth = (type: string, key = ''): EventId =>
      [...room.events.values()].findLast(({ event }) => event.type === type && event.stateKey === key)!.event.eventId;
    const join = room.member(carol, 'join');
    const power = (sender: string, more: object = {}): IncomingEvent =>
      room.add({
        ...{ type: 'm.room.power_levels', stateKey: '', sender },
        ...{ content: { users: { [bob]: 100, [carol]: 50 } }, ...more },
      });
    const before = power(bob);
    const ban = room.member(carol, 'ban', bob);
    const { eventId: banId } = ban.event;
    const create = auth('m.room.create');
    const evading = power(carol, { prev: [banId], auth: [create, join.event.eventId, before.event.eventId] });
    const upon = room.add({
      ...{ type: 'm.room.topic', stateKey: '', sender: bob, content: { topic: 'x' } },
      ...{ prev: [banId], auth: [create, auth('m.room.member', bob), evading.event.eventId] },
    });
    await accept([join, before, ban]);
    await rooms.receive.acceptOutliers(room.roomId, [evading]);
    expect(await accept([upon])).toMatchObject([{ fate: 'accepted' }]);
    expect(await accept([evading])).toMatchObject([{ fate: 'rejected', failed: { check: 'state-before' } }]);
    expect(await stored(upon.event.eventId)).toMatchObject({ verdict: 2 });
  });
});

describe('a room with a policy server', () => {
  test('soft-fails what the policy server did not sign, but for the event that names it', async () => {
    const { room, accept, stored } = await enter();
    const key = signingKeyFromSeed('ed25519:policy_server', Buffer.alloc(32, 9).toString('base64'));
    const policy = (content: JsonObject) => room.add({ type: 'm.room.policy', stateKey: '', sender: bob, content });
    const named = policy({ via: 'third.example', public_keys: { ed25519: key.publicKey } });
    const free = room.say(bob, 'the policy server is not in the room');
    expect(await accept([named, free])).toMatchObject([{ fate: 'accepted' }, { fate: 'accepted' }]);
    await accept([room.member(carol, 'join')]);
    const refused = room.say(bob, 'not signed', { prev: [...room.tips] });
    const { version } = room;
    const pdu = addEventSignature(room.say(bob, 'signed').pdu, version, { name: 'third.example', key });
    const signed = { ...parsePdu(pdu, version), source: 'elsewhere.example' as ServerName };
    const off = policy({});
    expect(await accept([refused, signed, off])).toMatchObject([
      { fate: 'soft-failed', failed: { check: 'policy-server', inputs: [named.event.eventId] } },
      { fate: 'accepted' },
      { fate: 'accepted' },
    ]);
    expect(await stored(refused.event.eventId)).toMatchObject({ verdict: 1, position: null });
    expect(await accept([room.say(bob, 'free again')])).toMatchObject([{ fate: 'accepted' }]);
  });
});

describe('a write that fails', () => {
  test('leaves nothing behind: what was judged is judged again', async () => {
    const room = createForeignRoom();
    const fresh = await openFreshSqlite();
    opened.push(fresh);
    const failures: Error[] = [];
    const db: Database = Object.assign(Object.create(fresh.database) as Database, {
      read: fresh.database.read.bind(fresh.database),
      write: (writer: Writer<unknown, unknown>, args: unknown) => {
        const failure = writer.name === 'persistEvents' ? failures.shift() : undefined;
        return failure ? Promise.reject(failure) : fresh.database.write(writer, args);
      },
    });
    const { rooms } = openTestRooms(db);
    await rooms.receive.enterRoom(room.joinOf(alice));
    const accept = (events: IncomingEvent[]): Promise<Fate[]> =>
      rooms.receive.accept(room.roomId, events, { as: 'new', onMissing: 'wait' });
    const first = room.add({ type: 'm.room.topic', stateKey: '', sender: bob, content: { topic: 'x' } });
    const second = room.say(bob, 'second');
    const third = room.say(bob, 'third');
    failures.push(new Error('no'));
    const [failed, ...others] = await Promise.allSettled([accept([first]), accept([second]), accept([third])]);
    expect(failed).toMatchObject({ status: 'rejected' });
    // What followed the failed one waits for it again.
    for (const other of others) expect(other).toMatchObject({ value: [{ fate: 'waiting' }] });
    failures.push(new Error(SEQUENCE_MOVED));
    expect(await accept([third, second, first])).toMatchObject([1, 2, 3].map(() => ({ fate: 'accepted' })));
    expect((await (await rooms.view(room.roomId)).get('m.room.topic'))?.eventId).toBe(first.event.eventId);
    expect(await rooms.receive.extremities(room.roomId)).toMatchObject([{ eventId: third.event.eventId }]);
  });
});

describe('a gap in the history', () => {
  test('leaves a hole that history is put into', async () => {
    const { room, accept, timeline: read, extremities, stored } = await enter();
    const before = room.say(bob, 'before');
    await accept([before]);
    const lost = [1, 2, 3].map((n) => room.say(bob, `lost ${n}`));
    const after = room.say(bob, 'after');
    const statesBefore = new Map([[after.event.eventId, idsOf(room.stateEvents(lost[2]!.event.eventId))]]);
    expect(await accept([after], { statesBefore })).toMatchObject([{ fate: 'accepted' }]);
    const { position } = (await stored(after.event.eventId))!;
    expect(position! - (await stored(before.event.eventId))!.position!).toBe(2 ** 20 + 1);
    expect(await extremities()).toEqual([before.event.eventId, after.event.eventId].sort());
    expect(await accept(lost.slice(1), { as: 'history' })).toMatchObject([{ fate: 'accepted' }, { fate: 'accepted' }]);
    expect(await accept(lost.slice(0, 1), { as: 'history' })).toMatchObject([{ fate: 'accepted' }]);
    expect((await read()).slice(1)).toEqual([...idsOf([before, ...lost]), after.event.eventId]);
    const next = room.say(bob, 'next', { prev: [after.event.eventId, before.event.eventId] });
    await accept([next]);
    expect(await extremities()).toEqual([next.event.eventId]);
  });

  test('a state that is told without the create event has it all the same', async () => {
    const { room, fatesOf } = await enter();
    const lost = room.say(bob, 'lost');
    const after = room.say(bob, 'after');
    const told = room.stateEvents(lost.event.eventId).filter(({ event }) => event.type !== 'm.room.create');
    const statesBefore = new Map([[after.event.eventId, idsOf(told)]]);
    expect(await fatesOf([after], { statesBefore })).toEqual(['accepted']);
    const next = room.say(bob, 'next', { prev: [after.event.eventId] });
    expect(await fatesOf([next])).toEqual(['accepted']);
  });

  test('a state that is told without what the event itself names of it has it all the same', async () => {
    const { room, rooms, fatesOf, state } = await enter();
    const join = room.member(carol, 'join');
    room.say(bob, 'lost');
    const after = room.say(carol, 'after');
    await rooms.receive.acceptOutliers(room.roomId, [join]);
    const told = room.stateEvents(after.event.eventId).filter(({ event }) => event.stateKey !== carol);
    const statesBefore = new Map([[after.event.eventId, idsOf(told)]]);
    // The room's own branch does not know of her.
    expect(await fatesOf([after], { statesBefore })).toEqual(['soft-failed']);
    expect(await fatesOf([room.say(bob, 'next')])).toEqual(['accepted']);
    expect(await state('m.room.member', carol)).toBe(join.event.eventId);
  });

  test('what the event names does not stand against a state that is told', async () => {
    const { room, rooms, fatesOf } = await enter();
    const join = room.member(carol, 'join');
    const ban = room.member(carol, 'ban', bob);
    const after = room.say(carol, 'after', {
      auth: [...room.make({ type: 'x', sender: bob }).event.authEvents, join.event.eventId],
    });
    await rooms.receive.acceptOutliers(room.roomId, [join, ban]);
    const statesBefore = new Map([[after.event.eventId, idsOf(room.stateEvents(ban.event.eventId))]]);
    expect(await fatesOf([after], { statesBefore })).toEqual(['rejected']);
  });

  test('a state that is told without a prev event that is here beside the timeline has it all the same', async () => {
    const { room, rooms, accept, fatesOf, state } = await enter();
    const before = room.tips;
    room.say(bob, 'lost');
    const join = room.member(carol, 'join');
    const beside = room.say(bob, 'beside', { prev: before });
    await accept([beside]);
    await rooms.receive.acceptOutliers(room.roomId, [join]);
    const after = room.say(bob, 'after', { prev: [join.event.eventId, beside.event.eventId] });
    const told = room.stateEvents(after.event.eventId).filter(({ event }) => event.stateKey !== carol);
    const statesBefore = new Map([[after.event.eventId, idsOf(told)]]);
    expect(await fatesOf([after], { statesBefore })).toEqual(['accepted']);
    expect(await fatesOf([room.say(carol, 'here', { prev: [after.event.eventId] })])).toEqual(['accepted']);
    expect(await state('m.room.member', carol)).toBe(join.event.eventId);
  });

  test.each([false, true])(
    'what was judged by a told state is judged again when its prevs come (here before: %s)',
    async (isHere) => {
      const { room, rooms, fatesOf, state, stored } = await enter();
      const join = room.member(carol, 'join');
      const topic = room.add({ type: 'm.room.topic', stateKey: '', sender: bob, content: { topic: 'x' } });
      if (isHere) await rooms.receive.acceptOutliers(room.roomId, [topic]);
      const after = room.say(bob, 'after');
      const told = room.stateEvents(after.event.eventId).filter(({ event }) => event.stateKey !== carol);
      const statesBefore = new Map([[after.event.eventId, idsOf(told)]]);
      expect(await fatesOf([after], { statesBefore })).toEqual(['accepted']);
      const here = room.say(carol, 'here');
      expect(await fatesOf([here], { onMissing: 'judge' })).toEqual(['rejected']);
      expect(await fatesOf([join, topic])).toEqual(['accepted', 'accepted']);
      expect(await stored(here.event.eventId)).toMatchObject({ verdict: 0 });
      expect(await state('m.room.member', carol)).toBe(join.event.eventId);
      expect(await fatesOf([room.say(carol, 'still here')])).toEqual(['accepted']);
    },
  );

  test('an event that is judged without its history is judged again when that comes', async () => {
    const { room, accept, fatesOf, timeline: read, extremities } = await enter();
    const events = Array.from({ length: 500 }, (_, n) =>
      room.add({ type: 'm.room.topic', stateKey: '', sender: bob, content: { topic: `${n}` } }),
    );
    const later = events.slice(1);
    expect(new Set(await fatesOf(later, { onMissing: 'judge' }))).toEqual(new Set(['rejected']));
    expect(await accept([events[0]!])).toMatchObject([{ fate: 'accepted' }]);
    expect((await read()).slice(1)).toEqual(idsOf(events));
    expect(await extremities()).toEqual([events.at(-1)!.event.eventId]);
  });
});
