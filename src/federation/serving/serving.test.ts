// What another server is told of rooms, asked over TLS with signed requests. The other server's events are made here, as the
// rooms engine stores them whoever sent them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AskedAnswer, type AskingServer, startAskingServer } from '../../../tests/harness/asking-server.ts';
import type { AnyJson, TestClient } from '../../../tests/harness/client.ts';
import { type FederatedServer, startFederated } from '../../../tests/harness/federated.ts';
import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import { parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { EventId, RoomId, UserId } from '../../protocol/ids/branded.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';

const stack = new AsyncDisposableStack();
let us: FederatedServer;
let them: AskingServer;
let others: AskingServer;
let alice: TestClient;
let bob: UserId;

beforeAll(async () => {
  us = stack.use(await startFederated());
  const now = us.parts.clock.now();
  them = stack.use(await startAskingServer(now));
  others = stack.use(await startAskingServer(now));
  alice = await us.register('alice');
  bob = them.userId('bob');
});
afterAll(() => stack.disposeAsync());

const base = '/_matrix/federation/v1';
const get = (path: string, by = them): Promise<AskedAnswer> => by.get(us.name, `${base}${path}`);
const enc = encodeURIComponent;

const send = async (roomId: RoomId, type: string, content: JsonObject, stateKey?: string, sender = alice.userId) =>
  (await us.parts.rooms.send(roomId, { type, content, stateKey, sender: sender as UserId })).eventId;
const say = (roomId: RoomId, body: string, sender?: string): Promise<EventId> =>
  send(roomId, 'm.room.message', { msgtype: 'm.text', body }, undefined, sender);
const member = (roomId: RoomId, membership: string, user: string = bob, sender = user): Promise<EventId> =>
  send(roomId, 'm.room.member', { membership }, user, sender);
const createRoom = async (visibility = 'shared', more: object = {}): Promise<RoomId> => {
  const body = {
    preset: 'public_chat',
    room_version: '11',
    initial_state: [{ type: 'm.room.history_visibility', state_key: '', content: { history_visibility: visibility } }],
    ...more,
  };
  return (await alice.ok(alice.post('/_matrix/client/v3/createRoom', body))).room_id as RoomId;
};

const idOf = (pdu: AnyJson, version: '11' | '12' = '11'): string => parsePdu(pdu, roomVersion(version)!).event.eventId;
const bodies = (pdus: AnyJson[]): string[] =>
  pdus.filter(({ type }) => type === 'm.room.message').map(({ content }) => content.body ?? 'redacted');

describe('events', () => {
  test('are given to servers in the room as they were signed', async () => {
    const roomId = await createRoom();
    await member(roomId, 'join');
    const eventId = await say(roomId, 'hello');
    const { status, body, bytes } = await get(`/event/${enc(eventId)}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ origin: us.name, pdus: [{ content: { body: 'hello' }, room_id: roomId }] });
    expect(idOf(body.pdus[0])).toBe(eventId);
    expect(bytes.toString()).toContain(canonicalJson(body.pdus[0]));
  });

  test('are unknown to servers that are not, whether they exist or not', async () => {
    const roomId = await createRoom('world_readable');
    const eventId = await say(roomId, 'secret');
    const answers = [await get(`/event/${enc(eventId)}`), await get(`/event/${enc(`${eventId.slice(0, -2)}AA`)}`)];
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [404, answers[1]!.body],
      [404, answers[1]!.body],
    ]);
    expect((await get('/event/nonsense')).status).toBe(400);
  });

  test('come redacted once they are', async () => {
    const roomId = await createRoom();
    await member(roomId, 'join');
    const eventId = await say(roomId, 'regretted');
    await us.parts.rooms.send(roomId, {
      type: 'm.room.redaction',
      sender: alice.userId as UserId,
      content: {},
      redacts: eventId,
    });
    const { body } = await get(`/event/${enc(eventId)}`);
    expect(body.pdus[0].content).toEqual({});
    expect(idOf(body.pdus[0])).toBe(eventId);
  });

  test.each([
    ['world_readable', 'whole'],
    ['shared', 'whole'],
    ['invited', 'redacted'],
    ['joined', 'redacted'],
  ])('from before a server was in a room of %s history are %s', async (visibility, form) => {
    const roomId = await createRoom(visibility);
    const before = await say(roomId, 'before');
    const topic = await send(roomId, 'm.room.topic', { topic: 'old' }, '');
    const title = await send(roomId, 'm.room.name', { name: 'name' }, '');
    await send(roomId, 'm.room.topic', { topic: 'new' }, '');
    await member(roomId, 'join');
    const contentOf = async (eventId: EventId) => (await get(`/event/${enc(eventId)}`)).body.pdus[0].content;
    expect(await contentOf(before)).toEqual(form === 'whole' ? { msgtype: 'm.text', body: 'before' } : {});
    expect(await contentOf(topic)).toEqual(form === 'whole' ? expect.objectContaining({ topic: 'old' }) : {});
    // What is in force is theirs to see.
    expect(await contentOf(title)).toMatchObject({ name: 'name' });
    expect(await contentOf(await say(roomId, 'after'))).toMatchObject({ body: 'after' });
  });

  test('sent while its users were invited are seen where history is for the invited', async () => {
    const roomId = await createRoom('invited');
    await member(roomId, 'invite', bob, alice.userId);
    const eventId = await say(roomId, 'welcome');
    expect((await get(`/event/${enc(eventId)}`)).status).toBe(404);
    await member(roomId, 'join');
    expect((await get(`/event/${enc(eventId)}`)).body.pdus[0].content.body).toBe('welcome');
  });

  test('by which history became visible, or its own users left, are whole', async () => {
    const roomId = await createRoom('joined');
    const opened = await send(roomId, 'm.room.history_visibility', { history_visibility: 'shared', note: 1 }, '');
    await send(roomId, 'm.room.history_visibility', { history_visibility: 'joined' }, '');
    await member(roomId, 'join');
    const left = await send(roomId, 'm.room.member', { membership: 'leave', reason: 'tired' }, bob, bob);
    await member(roomId, 'join');
    expect((await get(`/event/${enc(opened)}`)).body.pdus[0].content).toMatchObject({ note: 1 });
    expect((await get(`/event/${enc(left)}`)).body.pdus[0].content).toMatchObject({ reason: 'tired' });
  });
});

describe('history', () => {
  test('is walked back from some events, newest first', async () => {
    const roomId = await createRoom();
    await member(roomId, 'join');
    for (let n = 0; n < 5; n++) await say(roomId, `${n}`);
    const last = await say(roomId, 'last');
    const { body } = await get(`/backfill/${enc(roomId)}?v=${enc(last)}&limit=4`);
    expect(bodies(body.pdus)).toEqual(['last', '4', '3', '2']);
    const all = await get(`/backfill/${enc(roomId)}?v=${enc(last)}&v=${enc(last)}&limit=1000`);
    expect(all.body.pdus.at(-1).type).toBe('m.room.create');
    expect(new Set(all.body.pdus.map((pdu: AnyJson) => idOf(pdu))).size).toBe(all.body.pdus.length);
    const elsewhere = await say(await createRoom(), 'elsewhere');
    expect((await get(`/backfill/${enc(roomId)}?v=${enc(elsewhere)}&limit=9`)).body.pdus).toEqual([]);
    for (const bad of ['limit=3', `v=x&limit=3`, `v=${enc(last)}`, `v=${enc(last)}&limit=x`]) {
      expect((await get(`/backfill/${enc(roomId)}?${bad}`)).status).toBe(400);
    }
  });

  test('between two ends of a gap comes oldest first', async () => {
    const roomId = await createRoom();
    const earliest = await member(roomId, 'join');
    for (let n = 0; n < 15; n++) await say(roomId, `${n}`);
    const latest = await say(roomId, 'latest');
    const missing = async (more: JsonObject, by = them): Promise<AskedAnswer> =>
      by.ask(us.name, 'POST', `${base}/get_missing_events/${enc(roomId)}`, {
        earliest_events: [earliest],
        latest_events: [latest],
        ...more,
      });
    const expected = Array.from({ length: 15 }, (_, n) => `${n}`);
    expect(bodies((await missing({ limit: 100 })).body.events)).toEqual(expected);
    expect(bodies((await missing({})).body.events)).toEqual(expected.slice(5));
    const { depth } = (await missing({ limit: 1 })).body.events[0];
    expect(bodies((await missing({ min_depth: depth - 2 })).body.events)).toEqual(['12', '13', '14']);
    expect((await missing({ latest_events: ['$unknown'], limit: -5 })).body.events).toEqual([]);
    expect((await missing({}, others)).body).toMatchObject({ errcode: 'M_FORBIDDEN' });
    expect((await missing({ earliest_events: 5 })).status).toBe(400);
  });

  test.each(['world_readable', 'shared', 'invited', 'joined'])('of %s visibility has no holes', async (visibility) => {
    const roomId = await createRoom(visibility);
    await say(roomId, 'before');
    const latest = await member(roomId, 'join');
    const question = { earliest_events: [], latest_events: [latest], limit: 100 };
    const { body } = await them.ask(us.name, 'POST', `${base}/get_missing_events/${enc(roomId)}`, question);
    const isOpen = visibility === 'shared' || visibility === 'world_readable';
    expect(bodies(body.events)).toEqual([isOpen ? 'before' : 'redacted']);
    const types = body.events.map(({ type }: AnyJson) => type);
    expect(types.slice(0, 3)).toEqual(['m.room.create', 'm.room.member', 'm.room.power_levels']);
  });

  test('of a server that left ends where it did', async () => {
    const roomId = await createRoom();
    await member(roomId, 'join');
    const there = await say(roomId, 'there');
    const left = await member(roomId, 'leave');
    const gone = await say(roomId, 'gone');
    expect((await get(`/event/${enc(there)}`)).status).toBe(200);
    expect((await get(`/event/${enc(left)}`)).status).toBe(200);
    expect((await get(`/event/${enc(gone)}`)).status).toBe(404);
    expect(bodies((await get(`/backfill/${enc(roomId)}?v=${enc(gone)}&limit=9`)).body.pdus)).toEqual(['there']);
    expect((await get(`/state/${enc(roomId)}?event_id=${enc(there)}`)).body).toMatchObject({ errcode: 'M_FORBIDDEN' });
    expect((await get(`/event_auth/${enc(roomId)}/${enc(left)}`)).status).toBe(200);
    expect((await get(`/event_auth/${enc(roomId)}/${enc(gone)}`)).status).toBe(404);
  });

  test('is searched by time', async () => {
    const roomId = await createRoom();
    const joined = await member(roomId, 'join');
    const eventId = await say(roomId, 'now');
    const { origin_server_ts: ts } = (await get(`/event/${enc(eventId)}`)).body.pdus[0];
    const at = (time: number, dir: string, by = them) =>
      get(`/timestamp_to_event/${enc(roomId)}?ts=${time}&dir=${dir}`, by);
    expect((await at(ts, 'f')).body).toEqual({ event_id: eventId, origin_server_ts: ts });
    expect((await at(ts - 1, 'b')).body.event_id).toBe(joined);
    expect((await at(ts + 1, 'f')).status).toBe(404);
    expect((await at(ts, 'f', others)).status).toBe(403);
    expect((await at(ts, 'sideways')).status).toBe(400);
  });
});

describe('the state before an event', () => {
  test('is that in which it was sent, with the auth chain', async () => {
    const roomId = await createRoom('shared');
    const joined = await member(roomId, 'join');
    const first = await send(roomId, 'm.room.topic', { topic: 'first' }, '');
    const second = await send(roomId, 'm.room.topic', { topic: 'second' }, '');
    const message = await say(roomId, 'after');
    const at = async (eventId: EventId) => {
      const ids = (await get(`/state_ids/${enc(roomId)}?event_id=${enc(eventId)}`)).body;
      const whole = (await get(`/state/${enc(roomId)}?event_id=${enc(eventId)}`)).body;
      expect(whole.pdus.map((pdu: AnyJson) => idOf(pdu)).sort()).toEqual(ids.pdu_ids.toSorted());
      expect(whole.auth_chain.map((pdu: AnyJson) => idOf(pdu)).sort()).toEqual(ids.auth_chain_ids.toSorted());
      return { ids, whole };
    };
    const topics = ({ whole }: { whole: AnyJson }): string[] =>
      whole.pdus.filter(({ type }: AnyJson) => type === 'm.room.topic').map(({ content }: AnyJson) => content.topic);
    expect(topics(await at(first))).toEqual([]);
    expect(topics(await at(second))).toEqual(['first']);
    expect(topics(await at(message))).toEqual(['second']);
    const { ids } = await at(joined);
    expect(ids.pdu_ids).not.toContain(joined);
    const { whole } = await at(message);
    const create = whole.pdus.find(({ type }: AnyJson) => type === 'm.room.create');
    expect(whole.auth_chain.map((pdu: AnyJson) => idOf(pdu))).toContain(idOf(create));
    expect(new Set(whole.pdus.map(({ type, state_key: key }: AnyJson) => `${type} ${key}`)).size).toBe(
      whole.pdus.length,
    );
  });

  test('from before a server could see it tells only what is in force or needed for the rules', async () => {
    const roomId = await createRoom('joined', { name: 'kept' });
    await send(roomId, 'm.room.topic', { topic: 'old' }, '');
    const before = await say(roomId, 'before');
    await send(roomId, 'm.room.topic', { topic: 'new' }, '');
    await member(roomId, 'join');
    const { pdus } = (await get(`/state/${enc(roomId)}?event_id=${enc(before)}`)).body;
    const contentOf = (wanted: string) => pdus.find(({ type }: AnyJson) => type === wanted).content;
    expect([contentOf('m.room.topic'), contentOf('m.room.name')]).toEqual([{}, { name: 'kept' }]);
  });

  test('is for servers in the room, at events in the room', async () => {
    const roomId = await createRoom('world_readable');
    const eventId = await say(roomId, 'hello');
    const path = `/state_ids/${enc(roomId)}?event_id=${enc(eventId)}`;
    expect((await get(path)).body).toMatchObject({ errcode: 'M_FORBIDDEN' });
    expect((await get(path.replace(enc(roomId), enc('!unknown:example.org')))).status).toBe(403);
    await member(roomId, 'join');
    expect((await get(path)).status).toBe(200);
    const elsewhere = await say(await createRoom(), 'elsewhere');
    expect((await get(path.replace(enc(eventId), enc(elsewhere)))).body).toMatchObject({ errcode: 'M_NOT_FOUND' });
    expect((await get(path.replace(enc(eventId), '%24unknown'))).status).toBe(404);
  });

  test('of a room that excludes the server is not told', async () => {
    const roomId = await createRoom();
    await member(roomId, 'join');
    const eventId = await say(roomId, 'hello');
    await send(roomId, 'm.room.server_acl', { allow: ['*'], deny: [], allow_ip_literals: false }, '');
    const paths = [
      `/state_ids/${enc(roomId)}?event_id=${enc(eventId)}`,
      `/state/${enc(roomId)}?event_id=${enc(eventId)}`,
      `/backfill/${enc(roomId)}?v=${enc(eventId)}&limit=1`,
      `/event_auth/${enc(roomId)}/${enc(eventId)}`,
    ];
    for (const path of paths) expect((await get(path)).body).toMatchObject({ errcode: 'M_FORBIDDEN' });
    expect((await get(`/event/${enc(eventId)}`)).status).toBe(404);
  });
});

describe('auth chains', () => {
  test('are whole and hold nothing else', async () => {
    const roomId = await createRoom('shared');
    const chainOf = async (eventId: EventId): Promise<string[]> =>
      (await get(`/event_auth/${enc(roomId)}/${enc(eventId)}`)).body.auth_chain.map((pdu: AnyJson) => idOf(pdu));
    const first = await member(roomId, 'join');
    const left = await member(roomId, 'leave');
    const again = await member(roomId, 'join');
    const rules = await send(roomId, 'm.room.join_rules', { join_rule: 'invite' }, '');
    const authEventsOf = async (eventId: EventId): Promise<string[]> =>
      (await get(`/event/${enc(eventId)}`)).body.pdus[0].auth_events;
    expect((await chainOf(rules)).toSorted()).toEqual((await authEventsOf(rules)).toSorted());
    const expected = new Set([...(await authEventsOf(again)), ...(await authEventsOf(first)), first, left]);
    expect(new Set(await chainOf(again))).toEqual(new Set([...expected, ...(await authEventsOf(rules))]));
    expect(await chainOf(again)).toHaveLength(new Set(await chainOf(again)).size);
  });

  test('of rooms since version 12 begin with the event that the room is named after', async () => {
    const roomId = await createRoom('shared', { room_version: '12' });
    const joined = await member(roomId, 'join');
    const { body } = await get(`/event_auth/${enc(roomId)}/${enc(joined)}`);
    expect(body.auth_chain.map(({ type }: AnyJson) => type)).toContain('m.room.create');
    const message = await say(roomId, 'hello');
    const state = (await get(`/state/${enc(roomId)}?event_id=${enc(message)}`)).body;
    const ids = state.pdus.map((pdu: AnyJson) => idOf(pdu, '12'));
    expect(ids).toContain(`$${roomId.slice(1)}`);
    expect(ids).toContain(joined);
  });
});
