import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openIncoming, type RemotePeer, type TestIncoming } from '../../../../tests/harness/incoming.ts';
import type { RemoteEvent } from '../../../../tests/harness/remote-room.ts';
import type { EventId } from '../../../protocol/ids/branded.ts';

let world: TestIncoming;
let bob: RemotePeer;
let txn = 0;

beforeAll(async () => {
  world = await openIncoming();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  bob = await world.startPeer();
  world.given.timeline.length = 0;
});

const send = (from: RemotePeer, ...events: readonly RemoteEvent[]) =>
  world.send(
    from.name,
    `${txn++}`,
    events.map(({ wire }) => wire),
  );
const kept = (id: EventId) => world.until('event', () => world.given.kept.get(id));
const pathsOf = (peer: RemotePeer): string[] => peer.asked().map((url) => url.split('/')[4] ?? '');
const ids = (events: readonly RemoteEvent[]): EventId[] => events.map(({ eventId }) => eventId);
const many = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

describe('missing events', () => {
  test('are asked of the sender, and come before what was sent', async () => {
    const room = bob.room();
    const missing = many(5, () => room.make());
    const sent = room.make();
    await send(bob, sent);
    expect((await kept(sent.eventId)).isRejected).toBe(false);
    expect(world.given.timeline).toEqual([...ids(missing), sent.eventId]);
    expect(pathsOf(bob)).toEqual(['get_missing_events']);
    const asked = JSON.parse(bob.peer.requests.at(-1)?.body ?? '') as object;
    expect(asked).toMatchObject({ earliest_events: [room.first.eventId], latest_events: [sent.eventId] });
  });

  test('are asked for again while the sender gives more', async () => {
    const room = bob.room();
    const missing = many(70, () => room.make());
    const sent = room.make();
    await send(bob, sent);
    await kept(sent.eventId);
    expect(world.given.timeline).toEqual([...ids(missing), sent.eventId]);
    expect(pathsOf(bob)).toEqual(Array(4).fill('get_missing_events'));
  });

  test('that the sender does not have come from another server in the room', async () => {
    const room = bob.room();
    const carol = await world.startPeer();
    carol.rooms.push({ ...room, withheld: new Set<EventId>() });
    world.inRoom.get(room.roomId)!.push(carol.name);
    const missing = room.make();
    const sent = room.make();
    bob.override = ({ url }) => (url.includes('/key/') ? undefined : [500, { errcode: 'M_UNKNOWN', error: 'no' }]);
    await send(bob, sent);
    expect((await kept(sent.eventId)).isRejected).toBe(false);
    expect(world.given.timeline).toEqual([missing.eventId, sent.eventId]);
  });

  test('that nobody gives leave what was sent rejected, and the sender is not asked for states', async () => {
    const room = bob.room();
    const missing = room.make();
    room.withheld.add(missing.eventId);
    const sent = room.make();
    await send(bob, sent);
    expect((await kept(sent.eventId)).isRejected).toBe(true);
    expect(pathsOf(bob)).toEqual(['get_missing_events']);
  });

  test('that do not belong to the gap, or are forged, are not taken', async () => {
    const room = bob.room();
    const other = bob.room();
    const missing = room.make();
    const sent = room.make();
    const stray = room.make({ prevEvents: [room.first.eventId] });
    const foreign = other.make();
    const forged = { ...missing.wire, signatures: {} };
    bob.override = ({ url }) =>
      url.includes('get_missing_events')
        ? [200, { events: [stray.wire, foreign.wire, forged, sent.wire, 1, null, {}] }]
        : undefined;
    await send(bob, sent);
    expect((await kept(sent.eventId)).isRejected).toBe(true);
    for (const { eventId } of [stray, foreign, missing]) expect(world.given.kept.has(eventId)).toBe(false);
  });

  test('of a server that is slow keep nobody else waiting', async () => {
    const room = bob.room();
    const carol = await world.startPeer();
    room.make();
    const stuck = room.make();
    const { promise: silence, resolve: end } = Promise.withResolvers<undefined>();
    bob.override = ({ url }) => (url.includes('get_missing_events') ? silence : undefined);
    await send(bob, stuck);
    await world.until('question', () => pathsOf(bob).includes('get_missing_events'));
    // Hers, in the same room: it has all it needs.
    const hers = carol.room();
    world.inRoom.get(room.roomId)!.push(carol.name);
    const ours = room.make({ prevEvents: [room.first.eventId] });
    await world.send(carol.name, 'same room', [ours.wire]);
    await kept(ours.eventId);
    const others = hers.make();
    await send(carol, others);
    await kept(others.eventId);
    expect(world.given.kept.has(stuck.eventId)).toBe(false);
    end(undefined);
    await kept(stuck.eventId);
  });

  test('without end are not followed without end', async () => {
    const room = bob.room();
    many(300, () => room.make());
    const sent = room.make({ depth: Number.MAX_SAFE_INTEGER, originServerTs: 1 });
    // Each answer is full, and none leads to what this server has.
    await send(bob, sent);
    await kept(sent.eventId);
    expect(pathsOf(bob).filter((path) => path === 'get_missing_events').length).toBeLessThanOrEqual(8);
    expect(world.given.timeline.length).toBeLessThan(290);
  });
});

describe('states', () => {
  test('stand for history that is too long', async () => {
    const room = bob.room();
    const member = room.make({ type: 'm.room.member', stateKey: `@bob:${bob.name}` });
    room.authEvents = [room.first.eventId, member.eventId];
    many(200, () => room.make());
    const sent = room.make();
    await send(bob, sent);
    const { isRejected } = await kept(sent.eventId);
    expect(isRejected).toBe(false);
    const { options } = world.given.calls.findLast((call) => call.options.statesBefore)!;
    expect([...options.statesBefore!.values()]).toEqual([[member.eventId, room.first.eventId]]);
    expect(pathsOf(bob)).toContain('state_ids');
    expect(world.given.timeline.at(-1)).toBe(sent.eventId);
  });

  test('with events that nobody gives are not believed', async () => {
    const room = bob.room();
    const member = room.make({ type: 'm.room.member', stateKey: `@bob:${bob.name}` });
    room.withheld.add(member.eventId);
    many(200, () => room.make());
    const sent = room.make();
    await send(bob, sent);
    expect((await kept(sent.eventId)).isRejected).toBe(true);
    expect(pathsOf(bob)).toContain('state_ids');
    expect(world.given.calls.some(({ roomId, options }) => roomId === room.roomId && options.statesBefore)).toBe(false);
  });

  test('that are no lists of event ids are refused', async () => {
    const room = bob.room();
    many(200, () => room.make());
    const sent = room.make();
    bob.override = ({ url }) =>
      url.includes('state_ids') ? [200, { pdu_ids: [room.first.eventId, 'x'], auth_chain_ids: [] }] : undefined;
    await send(bob, sent);
    expect((await kept(sent.eventId)).isRejected).toBe(true);
    expect(world.given.calls.some(({ roomId, options }) => roomId === room.roomId && options.statesBefore)).toBe(false);
  });

  test('of which much is missing are asked for whole', async () => {
    const room = bob.room();
    const members = many(80, (at) => room.make({ type: 'm.room.member', stateKey: `@u${at}:${bob.name}` }));
    many(200, () => room.make());
    const sent = room.make();
    await send(bob, sent);
    expect((await kept(sent.eventId)).isRejected).toBe(false);
    expect(pathsOf(bob)).toContain('state');
    expect(pathsOf(bob).filter((path) => path === 'event')).toHaveLength(1);
    for (const { eventId } of members) expect(world.given.kept.has(eventId)).toBe(true);
  });
});

describe('auth events', () => {
  test('that are missing come with the chain of the event', async () => {
    const room = bob.room();
    const [a, b] = [room.make({ prevEvents: [] }), room.make({ prevEvents: [] })];
    const [create] = room.authEvents;
    const c = room.make({ prevEvents: [], authEvents: [create!, a!.eventId, b!.eventId] });
    const sent = room.make({ prevEvents: [room.first.eventId], authEvents: [create!, c.eventId] });
    await send(bob, sent);
    expect((await kept(sent.eventId)).isRejected).toBe(false);
    expect(pathsOf(bob)).toEqual(['event_auth']);
    for (const { eventId } of [a!, b!, c]) expect(world.given.kept.has(eventId)).toBe(true);
  });

  test('come one by one where there is no chain, and are missed where there are none', async () => {
    const room = bob.room();
    const outlier = room.make({ prevEvents: [] });
    const sent = room.make({ prevEvents: [room.first.eventId], authEvents: [outlier.eventId] });
    bob.override = ({ url }) => (url.includes('event_auth') ? [404, '<html>'] : undefined);
    await send(bob, sent);
    expect((await kept(sent.eventId)).isRejected).toBe(false);
    expect(pathsOf(bob)).toEqual(['event_auth', 'event']);
    const gone = room.make({ prevEvents: [] });
    room.withheld.add(gone.eventId);
    const lost = room.make({ prevEvents: [room.first.eventId], authEvents: [gone.eventId] });
    await send(bob, lost);
    expect((await kept(lost.eventId)).isRejected).toBe(true);
  });
});

test('when not everybody answers and others do not have what is missing, the event waits and is judged later', async () => {
  const room = bob.room();
  const carol = await world.startPeer();
  world.inRoom.get(room.roomId)!.push(carol.name);
  const missing = room.make();
  const sent = room.make();
  bob.override = ({ url }) => (url.includes('/key/') ? undefined : [502, '<html>']);
  await send(bob, sent);
  await world.until('what others say', () =>
    carol.asked().some((url) => url.includes('state_ids') || url.includes('event')),
  );
  expect(world.given.kept.has(sent.eventId)).toBe(false);
  bob.override = () => undefined;
  await world.until('another attempt', async () => {
    await world.clock.advance(20_000);
    return world.given.kept.has(sent.eventId);
  });
  expect(world.given.timeline).toEqual([missing.eventId, sent.eventId]);
});

test('when no server answers at all the event waits, and is judged later', async () => {
  const room = bob.room();
  const missing = room.make();
  const sent = room.make();
  bob.override = ({ url }) => (url.includes('/key/') ? undefined : [502, '<html>']);
  await send(bob, sent);
  await world.until('question', () => pathsOf(bob).length > 0);
  await world.until('trouble', () => world.us.peers.isLeftAlone(bob.name));
  bob.override = () => undefined;
  await world.until('another attempt', async () => {
    await world.clock.advance(20_000);
    return world.given.kept.has(sent.eventId);
  });
  expect(world.given.timeline).toEqual([missing.eventId, sent.eventId]);
});
