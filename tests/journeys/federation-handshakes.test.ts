// What a server answers to handshakes that others begin, in good faith and in bad.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PeerError } from '../../src/peers/peer-error.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { parsePdu } from '../../src/protocol/events/parse-pdu.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import { signEvent } from '../../src/protocol/signing/sign-event.ts';
import { signJson } from '../../src/protocol/signing/sign-json.ts';
import { type AnyJson, createClient, type TestClient } from '../harness/client.ts';
import { type FederatedServer, type Federation, startFederation } from '../harness/federated.ts';
import { testKey } from '../harness/peer-server.ts';
import { newRoom, putState, stateOf } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';

let federation: Federation;
let a: FederatedServer;
let b: FederatedServer;
let alice: TestClient;
let bob: TestClient;

beforeAll(async () => {
  federation = await startFederation();
  [a, b] = federation.servers as [FederatedServer, FederatedServer];
  [alice, bob] = await Promise.all([a.register('alice'), b.register('bob')]);
});
afterAll(() => federation[Symbol.asyncDispose]());

/** Asks server a in the name of server b. */
const ask = (method: 'GET' | 'PUT', path: string, options: { query?: object; body?: JsonObject } = {}) =>
  b.parts.peers.call({
    destination: a.name,
    method,
    path: `/_matrix/federation/${path}`,
    timeoutMs: 10_000,
    responseSizeBytesMax: 1_000_000,
    ...(options as object),
  });

const refused = async (asked: Promise<unknown>): Promise<string> => {
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PeerError)) throw new Error('it was not refused', { cause: error });
  return `${error.status} ${error.errcode}`;
};

const id = encodeURIComponent;
const V = '11';
const version = roomVersion(V)!;

const template = async (kind: string, roomId: string, userId = bob.userId): Promise<JsonObject> => {
  const path = `v1/make_${kind}/${id(roomId)}/${id(userId)}`;
  const answer = await ask('GET', path, kind === 'leave' ? {} : { query: { ver: [V, '12'] } });
  return answer.json().event as JsonObject;
};

const signed = (pdu: JsonObject): { wire: JsonObject; eventId: string } => {
  const wire = signEvent(pdu, version, { name: b.name, key: b.parts.identity.signingKey });
  return { wire, eventId: parsePdu(wire, version).event.eventId };
};

const send = (kind: string, roomId: string, wire: JsonObject, eventId: string, api = 'v2', query = {}) =>
  ask('PUT', `${api}/send_${kind}/${id(roomId)}/${id(eventId)}`, { body: wire, query });

const publicRoom = (more: object = {}) => newRoom(alice, { preset: 'public_chat', room_version: V, ...more });

describe('make_join', () => {
  test('says for whom and for which versions it has a template', async () => {
    const roomId = await publicRoom();
    const event = await template('join', roomId);
    expect(event).toMatchObject({ room_id: roomId, sender: bob.userId, state_key: bob.userId, type: 'm.room.member' });
    expect(event).not.toHaveProperty('signatures');
    expect(await refused(template('join', roomId, `@eve:elsewhere.test`))).toBe('403 M_FORBIDDEN');
    const old = ask('GET', `v1/make_join/${id(roomId)}/${id(bob.userId)}`, { query: { ver: ['1', '10'] } });
    expect(await refused(old)).toBe('400 M_INCOMPATIBLE_ROOM_VERSION');
    expect(await refused(ask('GET', `v1/make_join/${id(roomId)}/${id(bob.userId)}`))).toBe(
      '400 M_INCOMPATIBLE_ROOM_VERSION',
    );
    expect(await refused(template('join', `!nowhere:${a.name}`))).toBe('404 M_NOT_FOUND');
    expect(await refused(template('leave', roomId))).toBe('403 M_FORBIDDEN');
  });
});

describe('send_join', () => {
  test('takes nothing but the join of a user of the asking server', async () => {
    const roomId = await publicRoom();
    const event = (await template('join', roomId)) as AnyJson;
    const tries: [string, JsonObject][] = [
      ['another type', { ...event, type: 'm.room.name', state_key: '' }],
      ['another membership', { ...event, content: { membership: 'leave' } }],
      ['another state key', { ...event, state_key: '@other:elsewhere.test' }],
      ['a sender of another server', { ...event, sender: alice.userId, state_key: alice.userId }],
      ['another room', { ...event, room_id: `!other:${a.name}` }],
      ['too many prev events', { ...event, prev_events: Array.from({ length: 21 }, (_, at) => `$${at}`) }],
      ['prev events that are not here', { ...event, prev_events: ['$none'] }],
    ];
    for (const [what, pdu] of tries) {
      const { wire, eventId } = tryToSign(pdu);
      expect(`${what}: ${await refused(send('join', roomId, wire, eventId))}`).toBe(`${what}: 400 M_INVALID_PARAM`);
    }
    const { wire, eventId } = signed(event);
    expect(await refused(send('join', roomId, wire, '$another'))).toBe('400 M_INVALID_PARAM');
    expect(await refused(send('join', roomId, { ...wire, signatures: {} }, eventId))).toBe('400 M_INVALID_PARAM');
    const altered = { ...wire, content: { ...event.content, displayname: 'Eve' } };
    expect(await refused(send('join', roomId, altered, eventId))).toBe('400 M_INVALID_PARAM');
    expect(await stateOf(alice, roomId, 'm.room.member', bob.userId)).toBeUndefined();
  });

  test('is answered with the whole state and its auth chain, in both versions, also when it is repeated', async () => {
    const roomId = await publicRoom({ name: 'Tea' });
    const { wire, eventId } = signed(await template('join', roomId));
    const answer = (await send('join', roomId, wire, eventId)).json() as AnyJson;
    expect(answer).toMatchObject({ origin: a.name, members_omitted: false });
    expect(parsePdu(answer.event, version).event.eventId).toBe(eventId);
    const keys = answer.state.map((event: AnyJson) => `${event.type}|${event.state_key}`).sort();
    expect(keys).toContain('m.room.create|');
    expect(keys).toContain(`m.room.member|${alice.userId}`);
    expect(keys).not.toContain(`m.room.member|${bob.userId}`);
    const [status, old] = JSON.parse((await send('join', roomId, wire, eventId, 'v1')).text);
    expect(status).toBe(200);
    expect(old.state).toHaveLength(answer.state.length);
    expect(old.auth_chain.map((event: AnyJson) => event.type)).toContain('m.room.create');
  });

  test('is answered without members when that will do', async () => {
    const roomId = await publicRoom({ name: 'Tea' });
    const cleo = await a.register('cleo');
    await cleo.ok(cleo.post(`/_matrix/client/v3/join/${id(roomId)}`));
    const { wire, eventId } = signed(await template('join', roomId));
    const answer = (await send('join', roomId, wire, eventId, 'v2', { omit_members: true })).json() as AnyJson;
    expect(answer.members_omitted).toBe(true);
    // Those before the join, also when it is repeated.
    expect(answer.servers_in_room).toEqual([a.name]);
    const omitting = { omit_members: true };
    const repeated = (await send('join', roomId, wire, eventId, 'v2', omitting)).json() as AnyJson;
    expect(repeated.servers_in_room).toEqual([a.name]);
    const second = signed(await template('join', roomId, `@second:${b.name}`));
    const later = (await send('join', roomId, second.wire, second.eventId, 'v2', omitting)).json() as AnyJson;
    expect(later.servers_in_room).toEqual([a.name, b.name]);
    expect(answer.state.map((event: AnyJson) => event.type)).not.toContain('m.room.member');
    const chain = answer.auth_chain.map((event: AnyJson) => `${event.type}|${event.state_key}`);
    // Who made the room is needed to judge the state; nothing that stands in the state is repeated.
    expect(chain).toEqual([`m.room.member|${alice.userId}`]);
    // A room without a name is called by its heroes.
    const unnamed = await publicRoom();
    const other = signed(await template('join', unnamed));
    const told = (
      await send('join', unnamed, other.wire, other.eventId, 'v2', { omit_members: true })
    ).json() as AnyJson;
    expect(told.state.map((event: AnyJson) => event.state_key)).toContain(alice.userId);
  });

  test('is refused when the room changed its mind', async () => {
    const roomId = await publicRoom();
    const { wire, eventId } = signed(await template('join', roomId));
    await alice.ok(alice.post(`/_matrix/client/v3/rooms/${id(roomId)}/ban`, { user_id: bob.userId }));
    expect(await refused(send('join', roomId, wire, eventId))).toBe('403 M_FORBIDDEN');
    expect((await stateOf(alice, roomId, 'm.room.member', bob.userId)).membership).toBe('ban');
  });
});

const tryToSign = (pdu: JsonObject): { wire: JsonObject; eventId: string } => {
  const wire = signEvent(pdu, version, { name: b.name, key: b.parts.identity.signingKey });
  return { wire, eventId: parsePdu(wire, version, { limitReferences: false }).event.eventId };
};

test('send_leave and send_knock take nothing but leaves and knocks', async () => {
  const roomId = await publicRoom();
  const { wire, eventId } = signed(await template('join', roomId));
  expect(await refused(send('leave', roomId, wire, eventId))).toBe('400 M_INVALID_PARAM');
  expect(await refused(send('leave', roomId, wire, eventId, 'v1'))).toBe('400 M_INVALID_PARAM');
  expect(await refused(send('knock', roomId, wire, eventId, 'v1'))).toBe('400 M_INVALID_PARAM');
});

describe('an invite', () => {
  const invite = (wire: JsonObject, eventId: string, roomVersionId = V, told: JsonObject[] = []) =>
    ask('PUT', `v2/invite/${id(wire.room_id as string)}/${id(eventId)}`, {
      body: { room_version: roomVersionId, event: wire, invite_room_state: told },
    });
  const draft = (more: JsonObject = {}): JsonObject => ({
    type: 'm.room.member',
    room_id: `!room:${b.name}`,
    sender: bob.userId,
    state_key: alice.userId,
    content: { membership: 'invite' },
    origin_server_ts: 1,
    depth: 5,
    prev_events: ['$prev'],
    auth_events: ['$auth'],
    ...more,
  });

  test('is signed, and refused when it is none or cannot be', async () => {
    const { wire, eventId } = signed(draft());
    const { event } = (await invite(wire, eventId)).json() as AnyJson;
    expect(Object.keys(event.signatures).sort()).toEqual([a.name, b.name].sort());
    expect((await alice.sync()).rooms.invite[`!room:${b.name}`]).toBeDefined();
    expect(await refused(invite(wire, eventId, '99'))).toBe('400 M_INCOMPATIBLE_ROOM_VERSION');
    const tries: [string, JsonObject, string][] = [
      ['a join', draft({ content: { membership: 'join' } }), '400 M_INVALID_PARAM'],
      ['another type', draft({ type: 'm.room.topic' }), '400 M_INVALID_PARAM'],
      ['for nobody of this server', draft({ state_key: '@eve:elsewhere.test' }), '400 M_INVALID_PARAM'],
      ['in the name of another server', draft({ sender: '@eve:elsewhere.test' }), '400 M_INVALID_PARAM'],
      ['for nobody', draft({ state_key: `@nobody:${a.name}` }), '404 M_NOT_FOUND'],
    ];
    for (const [what, pdu, answer] of tries) {
      const each = signed(pdu);
      expect(`${what}: ${await refused(invite(each.wire, each.eventId))}`).toBe(`${what}: ${answer}`);
    }
    expect(await refused(invite({ ...wire, signatures: {} }, eventId))).toBe('400 M_INVALID_PARAM');
  });

  test('to a room of version 12 has to prove its create event', async () => {
    const roomId = await newRoom(bob, { room_version: '12' });
    const v12 = roomVersion('12')!;
    const wire = signEvent(draft({ room_id: roomId }), v12, { name: b.name, key: b.parts.identity.signingKey });
    const { eventId } = parsePdu(wire, v12).event;
    expect(await refused(invite(wire, eventId, '12'))).toBe('400 M_INVALID_PARAM');
    const stripped = { type: 'm.room.create', sender: bob.userId, state_key: '', content: { room_version: '12' } };
    expect(await refused(invite(wire, eventId, '12', [stripped]))).toBe('400 M_INVALID_PARAM');
  });
});

const identity = testKey('ed25519:0', 'identity');
/** What the identity server says of a user. */
const vouched = (mxid: string): JsonObject =>
  signJson({ mxid, token: 'token' }, { name: 'identity.test', key: identity });

/** A room that alice has invited an e-mail address to. */
const roomWithInvite = async (): Promise<string> => {
  const roomId = await newRoom(alice, { preset: 'private_chat', room_version: V });
  const content = {
    display_name: 'b…@example.org',
    key_validity_url: 'https://identity.test/valid',
    public_key: identity.publicKey,
    public_keys: [{ public_key: identity.publicKey }],
  };
  await alice.ok(putState(alice, roomId, 'm.room.third_party_invite', content, 'token'));
  return roomId;
};

const expectInvited = async (roomId: string): Promise<void> => {
  await until('the invite', async () => (await bob.sync()).rooms?.invite?.[roomId]);
  expect(await stateOf(alice, roomId, 'm.room.member', bob.userId)).toMatchObject({ membership: 'invite' });
};

test('who was invited by e-mail address is invited by user id once their server says who they are', async () => {
  const roomId = await roomWithInvite();
  const exchange = (mxid: string, sender = alice.userId) =>
    ask('PUT', `v1/exchange_third_party_invite/${id(roomId)}`, {
      body: {
        type: 'm.room.member',
        room_id: roomId,
        sender,
        state_key: mxid,
        content: {
          membership: 'invite',
          third_party_invite: { display_name: 'b…@example.org', signed: vouched(mxid) },
        },
      },
    });
  expect(await refused(exchange(alice.userId))).toBe('403 M_FORBIDDEN');
  expect(await refused(exchange(bob.userId, bob.userId))).toBe('400 M_INVALID_PARAM');
  await exchange(bob.userId);
  await expectInvited(roomId);
});

test('an identity server tells whom an e-mail address belongs to', async () => {
  const roomId = await roomWithInvite();
  const nobody = `@nobody:${b.name}`;
  const invite = (more: object = {}) => ({
    room_id: roomId,
    sender: alice.userId,
    signed: vouched(bob.userId),
    ...more,
  });
  const bind = async (invites: unknown, mxid = bob.userId): Promise<string> => {
    const body = { medium: 'email', address: 'bob@example.org', mxid, invites } as object;
    const answer = await createClient(b.baseUrl).put('/_matrix/federation/v1/3pid/onbind', body);
    return `${answer.status} ${answer.body.errcode}`;
  };
  expect(await bind('all')).toBe('400 M_INVALID_PARAM');
  expect(await bind(Array.from({ length: 21 }, () => invite()))).toBe('400 M_INVALID_PARAM');
  expect(await bind([invite({ room_id: 'room' })])).toBe('400 M_INVALID_PARAM');
  expect(await bind([invite({ sender: 'alice' })])).toBe('400 M_INVALID_PARAM');
  expect(await bind([invite()], nobody)).toBe('400 M_INVALID_PARAM');
  expect(await bind([], nobody)).toBe('404 M_NOT_FOUND');
  expect(await bind([], alice.userId)).toBe('404 M_NOT_FOUND');
  // What one server refuses, or is not there for, keeps nothing else from being done.
  const elsewhere = invite({ sender: '@eve:127.0.0.1:1' });
  expect(await bind([invite({ sender: bob.userId }), elsewhere, invite({ room_id: '!no:a.test' }), invite()])).toBe(
    '200 undefined',
  );
  await expectInvited(roomId);
});
