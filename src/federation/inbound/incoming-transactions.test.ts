import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openIncoming, type RemotePeer, type TestIncoming } from '../../../tests/harness/incoming.ts';
import { testKey } from '../../../tests/harness/peer-server.ts';
import type { Json, JsonObject } from '../../protocol/events/json.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { addEventSignature } from '../../protocol/signing/sign-event.ts';
import { pendingInboundTransactions } from '../../storage/stores/inbound-transactions.ts';

let world: TestIncoming;
let bob: RemotePeer;

beforeAll(async () => {
  world = await openIncoming();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  bob = await world.startPeer();
  world.given.before = async () => undefined;
  for (const list of [world.given.timeline, world.given.calls, world.edus, world.logged]) list.length = 0;
});

const accepted = (id: EventId): Promise<true> =>
  world.until('event', () => world.given.timeline.includes(id) || undefined);
const pending = () => world.us.db.read((tx) => pendingInboundTransactions(tx, 0, 100));
const workedOff = () => world.until('end of the work', async () => (await pending()).length === 0 || undefined);

describe('a transaction', () => {
  test('is answered for each event, and worked off in the order of the room', async () => {
    const room = bob.room();
    const made = [room.make(), room.make(), room.make()];
    const answer = await world.send(
      bob.name,
      '1',
      made.map(({ wire }) => wire),
    );
    expect(answer).toEqual({ pdus: Object.fromEntries(made.map(({ eventId }) => [eventId, {}])) });
    await accepted(made[2]!.eventId);
    expect(world.given.timeline).toEqual(made.map(({ eventId }) => eventId));
    await workedOff();
  });

  test('that comes again is answered as before and worked off once, also after a restart', async () => {
    const room = bob.room();
    const { wire, eventId } = room.make();
    const answer = await world.send(bob.name, 'a/ü', [wire]);
    await accepted(eventId);
    await workedOff();
    expect(await world.send(bob.name, 'a/ü', [])).toEqual(answer);
    await world.restart();
    expect(await world.send(bob.name, 'a/ü', [room.make().wire])).toEqual(answer);
    expect(world.given.timeline).toEqual([eventId]);
    const both = await Promise.all([1, 2].map(() => world.send(bob.name, 'twice', [room.make().wire])));
    expect(both[0]).toEqual(both[1]);
    await workedOff();
  });

  test('that was answered and not worked off is worked off after the next start', async () => {
    const room = bob.room();
    const { wire, eventId } = room.make();
    const { promise: stuck, resolve: go } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    world.given.before = () => {
      begin();
      return stuck.then(() => Promise.reject(new Error('the process ended')));
    };
    const edu = { edu_type: 'm.presence', content: {} };
    await world.send(bob.name, '1', [wire], [edu]);
    await begun;
    expect(await pending()).toHaveLength(1);
    world.given.before = async () => undefined;
    const restarted = world.restart();
    go();
    await restarted;
    await accepted(eventId);
    await workedOff();
    expect(world.edus).toEqual([1, 2].map(() => ({ origin: bob.name, edus: [edu] })));
  });

  test('has its limits', async () => {
    const room = bob.room();
    const { wire } = room.make();
    const refused = (body: JsonObject) =>
      expect(
        world.inbound().receive({ origin: bob.name, txnId: 'x', body, bodyText: JSON.stringify(body) }),
      ).rejects.toMatchObject({ status: 400, errcode: 'M_BAD_JSON' });
    await refused({ pdus: Array<Json>(51).fill(wire) });
    await refused({ pdus: [], edus: Array<Json>(101).fill({}) });
    await refused({ pdus: {} });
    expect(await world.send(bob.name, 'empty', [])).toEqual({ pdus: {} });
    expect(await pending()).toEqual([]);
  });

  test('tells why events are refused, and takes the others', async () => {
    const room = bob.room();
    const denied = bob.room();
    world.acls.set(denied.roomId, { allow: ['*'], allow_ip_literals: false });
    const good = room.make();
    const forbidden = denied.make();
    const elsewhere = { ...room.make().wire, room_id: '!elsewhere:x.test', event_id: '$e:x.test' };
    const tooDeep = { ...room.make().wire, content: { deep: JSON.parse('['.repeat(150) + ']'.repeat(150)) as Json } };
    const pdus: Json[] = [1, null, {}, tooDeep, elsewhere, forbidden.wire, good.wire];
    expect(await world.send(bob.name, '1', pdus)).toEqual({
      pdus: {
        [good.eventId]: {},
        [forbidden.eventId]: { error: expect.stringContaining('ACL') },
        '$e:x.test': { error: 'This server is not in the room' },
      },
    });
    await accepted(good.eventId);
  });

  test('with numbers that need care keeps them', async () => {
    const room = bob.room();
    const { wire, eventId } = room.make();
    const bodyText = JSON.stringify({ pdus: [wire], extra: 1 }).replace('"extra":1', '"extra":1.50');
    const body = JSON.parse(bodyText) as JsonObject;
    await world.inbound().receive({ origin: bob.name, txnId: '1', body, bodyText });
    await accepted(eventId);
  });
});

describe('events', () => {
  test('without the signature of their sender are dropped', async () => {
    const room = bob.room();
    const forged = room.make({ sender: '@carol:127.0.0.1:1' as never });
    const { signatures: _none, ...unsigned } = room.make({ prevEvents: [room.first.eventId] }).wire;
    const good = room.make({ prevEvents: [room.first.eventId] });
    const wires = [forged.wire, { ...unsigned, signatures: {} }, good.wire];
    await world.send(bob.name, '1', wires);
    await accepted(good.eventId);
    await workedOff();
    expect(world.given.timeline).toEqual([good.eventId]);
    expect(world.logged.filter((line) => line.includes('no valid signature'))).toHaveLength(2);
  });

  test('whose content was changed come in redacted', async () => {
    const room = bob.room();
    const { wire, eventId } = room.make({ content: { body: 'hello' } });
    await world.send(bob.name, '1', [{ ...wire, content: { body: 'goodbye' } }]);
    await accepted(eventId);
    expect(world.given.kept.get(eventId)?.event?.contentJson).toBe('{}');
  });

  test('of one room are judged together, and rooms do not wait for each other', async () => {
    const slow = bob.room();
    const quick = bob.room();
    const { promise: stuck, resolve: go } = Promise.withResolvers<void>();
    world.given.before = (roomId) => (roomId === slow.roomId ? stuck : Promise.resolve());
    const late = [slow.make()];
    await world.send(bob.name, 'first', [late[0]!.wire]);
    for (let i = 0; i < 10; i++) {
      const more = [slow.make(), slow.make(), slow.make()];
      late.push(...more);
      await world.send(
        bob.name,
        `slow${i}`,
        more.map(({ wire }) => wire),
      );
    }
    const { wire, eventId } = quick.make();
    await world.send(bob.name, 'quick', [wire]);
    await accepted(eventId);
    expect(world.given.timeline).toEqual([eventId]);
    go();
    await accepted(late.at(-1)!.eventId);
    expect(world.given.timeline.slice(1)).toEqual(late.map((each) => each.eventId));
    expect(world.given.calls.length).toBeLessThan(6);
  });

  test('that come before those they follow wait for them without asking anybody', async () => {
    const room = bob.room();
    const events = Array.from({ length: 30 }, () => room.make());
    const { promise: stuck, resolve: go } = Promise.withResolvers<void>();
    world.given.before = () => stuck;
    await world.send(bob.name, 'first', [events.pop()!.wire]);
    for (const { wire, eventId } of events.toReversed()) await world.send(bob.name, eventId, [wire]);
    go();
    await workedOff();
    expect(world.given.timeline).toHaveLength(30);
    expect(bob.asked()).toEqual([]);
  });

  test('are judged twice at most, however much comes before what they follow', async () => {
    const room = bob.room();
    const events = Array.from({ length: 40 }, () => room.make());
    for (const { wire, eventId } of events.slice(1).toReversed()) {
      const calls = world.given.calls.length;
      await world.send(bob.name, eventId, [wire]);
      await world.until('judgement', () => world.given.calls.length > calls);
    }
    expect(world.given.timeline).toEqual([]);
    await world.send(bob.name, 'first', [events[0]!.wire]);
    await workedOff();
    expect(world.given.timeline).toEqual(events.map(({ eventId }) => eventId));
    expect(world.given.calls.reduce((sum, call) => sum + call.events, 0)).toBeLessThan(2 * events.length);
    expect(bob.asked()).toEqual([]);
  });

  test('that lack the signature of the policy server get it, if that server gives a good one', async () => {
    const room = bob.room();
    const key = testKey('ed25519:policy_server');
    const judge = await world.startPeer();
    world.inRoom.get(room.roomId)!.push(judge.name);
    world.policies.set(room.roomId, { via: judge.name, public_keys: { ed25519: key.publicKey } });
    let given: 'good' | 'wrong' | 'none' = 'good';
    judge.override = ({ url, body }) => {
      if (!url.includes('/policy/v1/sign')) return undefined;
      const { signatures } = addEventSignature(JSON.parse(body) as JsonObject, room.version, { name: judge.name, key });
      const mine = (signatures as Record<string, JsonObject>)[judge.name]!;
      if (given === 'none') return [400, { errcode: 'M_FORBIDDEN', error: 'spam' }];
      return [200, { [judge.name]: given === 'good' ? mine : { 'ed25519:policy_server': 'A'.repeat(86) } }];
    };
    const signaturesAfter = async (wire: JsonObject, eventId: EventId): Promise<string[]> => {
      await world.send(bob.name, eventId, [wire]);
      await accepted(eventId);
      return Object.keys(world.given.kept.get(eventId)?.event?.pdu.signatures as JsonObject);
    };
    const first = room.make();
    expect(await signaturesAfter(first.wire, first.eventId)).toEqual([bob.name, judge.name]);
    const second = room.make();
    const signed = addEventSignature(second.wire, room.version, { name: judge.name, key });
    expect(await signaturesAfter(signed, second.eventId)).toEqual([bob.name, judge.name]);
    expect(judge.asked()).toHaveLength(1);
    for (const kind of ['wrong', 'none'] as const) {
      given = kind;
      const { wire, eventId } = room.make();
      expect(await signaturesAfter(wire, eventId)).toEqual([bob.name]);
    }
    const policy = room.make({ type: 'm.room.policy', stateKey: '' });
    expect(await signaturesAfter(policy.wire, policy.eventId)).toEqual([bob.name]);
    expect(judge.asked()).toHaveLength(3);
  });

  test('beyond what one server may have pending are put off with a 429', async () => {
    const room = bob.room();
    const carol = await world.startPeer();
    const hers = carol.room();
    const { promise: stuck, resolve: go } = Promise.withResolvers<void>();
    world.given.before = () => stuck;
    const wires = () => Array.from({ length: 50 }, () => room.make().wire);
    for (let i = 0; i < 20; i++) await world.send(bob.name, `${i}`, wires());
    await expect(world.send(bob.name, 'more', wires())).rejects.toMatchObject({
      status: 429,
      errcode: 'M_LIMIT_EXCEEDED',
      fields: { retry_after_ms: expect.any(Number) },
    });
    const { wire, eventId } = hers.make();
    await world.send(carol.name, '1', [wire]);
    go();
    await accepted(eventId);
    await workedOff();
    await world.send(bob.name, 'more', [room.make().wire]);
    await workedOff();
  });

  test('that cannot be stored are tried again, and stay stored when that does not help', async () => {
    const room = bob.room();
    const { wire, eventId } = room.make();
    let attempts = 0;
    world.given.before = async () => {
      attempts += 1;
      if (attempts < 3) throw new Error('the disk is full');
    };
    await world.send(bob.name, '1', [wire]);
    await world.until('first attempt', () => attempts > 0);
    await world.until('end of the work', async () => {
      await world.clock.advance(30_000);
      return world.given.timeline.includes(eventId) || undefined;
    });
    expect(attempts).toBe(3);
    world.given.before = () => Promise.reject(new Error('the disk is full'));
    const other = room.make();
    await world.send(bob.name, '2', [other.wire]);
    await world.until('end of the work', async () => {
      await world.clock.advance(30_000);
      return world.logged.filter((line) => line.includes('could not be stored')).length >= 7 || undefined;
    });
    world.given.before = async () => undefined;
    expect(await pending()).toHaveLength(1);
    await world.restart();
    await accepted(other.eventId);
    await workedOff();
  });
});
