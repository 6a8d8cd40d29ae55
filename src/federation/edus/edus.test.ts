// EDUs in both directions between a whole server and one of the test's own, over TLS.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AskingServer, startAskingServer } from '../../../tests/harness/asking-server.ts';
import type { AnyJson, TestClient } from '../../../tests/harness/client.ts';
import { crossSigningKey, deviceKeysOf, newKey } from '../../../tests/harness/e2ee-people.ts';
import { type FederatedServer, startFederated } from '../../../tests/harness/federated.ts';
import { until } from '../../../tests/harness/until.ts';
import type { Json, JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, UserId } from '../../protocol/ids/branded.ts';

const stack = new AsyncDisposableStack();
let us: FederatedServer;
let them: AskingServer;
let alice: TestClient;
let bob: UserId;
let roomId: RoomId;

/** EDUs that we sent them, in order. */
const sent: AnyJson[] = [];
/** What they answer of their users, by path. */
let answers: Record<string, JsonObject> = {};
const asked: string[] = [];

const enc = encodeURIComponent;
const receive = (...edus: [string, JsonObject][]): Promise<void> =>
  us.parts.federation.edus.receive(
    them.name,
    edus.map(([edu_type, content]) => ({ edu_type, content })),
  );

const member = (room: RoomId, userId: UserId, membership: string) =>
  us.parts.rooms.send(room, { type: 'm.room.member', stateKey: userId, sender: userId, content: { membership } });

const createRoom = async (client: TestClient, ...others: UserId[]): Promise<RoomId> => {
  const { room_id } = await client.ok(client.post('/_matrix/client/v3/createRoom', { preset: 'public_chat' }));
  for (const other of others) await member(room_id, other, 'join');
  return room_id;
};

const deviceKeys = (userId: UserId, deviceId: string) =>
  deviceKeysOf({ userId, deviceId, user: 0, device: 0 }, newKey()) as JsonObject;

const queryKeys = (...userIds: UserId[]): Promise<AnyJson> =>
  alice.ok(
    alice.post('/_matrix/client/v3/keys/query', { device_keys: Object.fromEntries(userIds.map((id) => [id, []])) }),
  );

const listAnswer = (userId: UserId, streamId: number, devices: Record<string, JsonObject>): void => {
  const list = Object.entries(devices).map(([device_id, keys]) => ({ device_id, keys }));
  answers[`/user/devices/${enc(userId)}`] = { user_id: userId, stream_id: streamId, devices: list };
  answers['/user/keys/query'] = { device_keys: { [userId]: devices } };
};

const deviceIds = async (userId: UserId): Promise<string[]> =>
  Object.keys((await queryKeys(userId)).device_keys[userId] ?? {}).toSorted();

/** Syncs until something is there, and returns it with the next token. */
const syncUntil = async <T>(
  client: TestClient,
  since: string,
  pick: (answer: AnyJson) => T | undefined,
): Promise<T> => {
  let token = since;
  for (let look = 0; look < 20; look++) {
    const answer = await client.sync({ since: token, timeout: 1_000 });
    token = answer.next_batch;
    const picked = pick(answer);
    if (picked !== undefined) return picked;
  }
  throw new Error('It never came.');
};

beforeAll(async () => {
  us = stack.use(await startFederated());
  them = stack.use(await startAskingServer(us.parts.clock.now()));
  const { handler } = them.peer;
  them.peer.handler = (request, response) => {
    const path = request.url.replace('/_matrix/federation/v1', '');
    if (path.startsWith('/send/')) {
      sent.push(...(JSON.parse(request.body).edus ?? []));
      return [200, { pdus: {} }];
    }
    if (path.startsWith('/user/')) asked.push(path);
    const answer = answers[path];
    return answer ? [200, answer] : handler(request, response);
  };
  alice = await us.register('alice');
  bob = them.userId('bob');
  roomId = await createRoom(alice, bob);
});
afterAll(() => stack.disposeAsync());

describe('device lists of their users', () => {
  test('are asked for once, then follow the updates', async () => {
    listAnswer(bob, 5, { PHONE: deviceKeys(bob, 'PHONE') });
    expect(await deviceIds(bob)).toEqual(['PHONE']);
    asked.length = 0;
    expect(await deviceIds(bob)).toEqual(['PHONE']);
    expect(asked).toEqual([]);
    const { next_batch } = await alice.sync();
    // The list came without a position: the first update has it fetched whole.
    listAnswer(bob, 6, { PHONE: deviceKeys(bob, 'PHONE'), LAPTOP: deviceKeys(bob, 'LAPTOP') });
    const update = { user_id: bob, device_id: 'LAPTOP', stream_id: 6, prev_id: [5], keys: deviceKeys(bob, 'LAPTOP') };
    await receive(['m.device_list_update', update]);
    const changed = await syncUntil(alice, next_batch, (answer) => answer.device_lists?.changed);
    expect(changed).toEqual([bob]);
    expect(asked).toEqual([`/user/devices/${enc(bob)}`]);
    expect(await deviceIds(bob)).toEqual(['LAPTOP', 'PHONE']);
    // From then on each update is taken as it comes.
    answers = {};
    await receive([
      'm.device_list_update',
      { user_id: bob, device_id: 'PHONE', stream_id: 7, prev_id: [6], deleted: true },
    ]);
    expect(await deviceIds(bob)).toEqual(['LAPTOP']);
    expect(asked).toHaveLength(1);
  });

  test('are asked for again when the server that did not answer does', async () => {
    const carol = them.userId('carol');
    await member(roomId, carol, 'join');
    answers = {};
    const failed = await queryKeys(carol, bob);
    expect(Object.keys(failed.failures)).toEqual([them.name]);
    expect(Object.keys(failed.device_keys[bob])).toEqual(['LAPTOP']);
    listAnswer(carol, 1, { PHONE: deviceKeys(carol, 'PHONE') });
    expect(await deviceIds(carol)).toEqual(['PHONE']);
  });

  test('are forgotten when no room is shared any more', async () => {
    const dave = them.userId('dave');
    await member(roomId, dave, 'join');
    listAnswer(dave, 1, { PHONE: deviceKeys(dave, 'PHONE') });
    await queryKeys(dave);
    const { next_batch } = await alice.sync();
    await member(roomId, dave, 'leave');
    expect(await syncUntil(alice, next_batch, (answer) => answer.device_lists?.left)).toEqual([dave]);
    asked.length = 0;
    await queryKeys(dave);
    // Lists of which it is not certain that every update came are asked for in the background besides.
    expect(asked.filter((path) => path === '/user/keys/query')).toEqual(['/user/keys/query']);
  });

  test('cross-signing keys are taken when they are signed', async () => {
    const [master, selfSigning] = [newKey(), newKey()];
    const self = crossSigningKey(bob, 'self_signing', selfSigning);
    const update = { user_id: bob, master_key: crossSigningKey(bob, 'master', master) };
    await receive(['m.signing_key_update', { ...update, self_signing_key: newKey().sign(self, bob) }]);
    const refused = await queryKeys(bob);
    expect(refused.master_keys[bob].keys).toEqual({ [`ed25519:${master.publicKey}`]: master.publicKey });
    expect(refused.self_signing_keys[bob]).toBeUndefined();
    await receive(['m.signing_key_update', { ...update, self_signing_key: master.sign(self, bob) }]);
    expect((await queryKeys(bob)).self_signing_keys[bob]).toBeDefined();
  });

  test('nothing is taken of users who are not theirs, nor of strangers', async () => {
    const { next_batch } = await alice.sync();
    const keys = deviceKeys(alice.userId as UserId, 'EVIL');
    await receive(
      ['m.device_list_update', { user_id: alice.userId, device_id: 'EVIL', stream_id: 1, prev_id: [], keys }],
      ['m.device_list_update', { user_id: them.userId('stranger'), device_id: 'A', stream_id: 1, deleted: true }],
      ['m.device_list_update', { user_id: bob, device_id: 7, stream_id: 'x' }],
      ['m.signing_key_update', { user_id: alice.userId, master_key: crossSigningKey(bob, 'master', newKey()) }],
    );
    expect((await alice.sync({ since: next_batch })).device_lists).toBeUndefined();
    expect(await deviceIds(alice.userId as UserId)).toEqual([]);
  });
});

test('updates that never fit cost their server one question in a while', async () => {
  const frank = them.userId('frank');
  await member(roomId, frank, 'join');
  listAnswer(frank, 1, { PHONE: deviceKeys(frank, 'PHONE') });
  await queryKeys(frank);
  const wholeLists = () => asked.filter((path) => path === `/user/devices/${enc(frank)}`);
  asked.length = 0;
  const fromMs = performance.now();
  for (let stream = 10; stream < 60; stream++) {
    await receive(['m.device_list_update', { user_id: frank, device_id: 'PHONE', stream_id: stream, prev_id: [5] }]);
  }
  await until('question', () => wholeLists().length > 0);
  await receive(['m.device_list_update', { user_id: frank, device_id: 'PHONE', stream_id: 99, prev_id: [98] }]);
  // One at once, and one after each pause.
  const pauses = Math.ceil((performance.now() - fromMs) / 5000);
  expect(wholeLists().length).toBeLessThanOrEqual(1 + pauses);
});

test('whatever they send, nothing fails', async () => {
  // Of somebody whom no other test looks at: some of it is good, and would go on (who types, types for half a minute).
  const noise = them.userId('noise');
  const room = await createRoom(alice, noise);
  const types = [
    'm.direct_to_device',
    'm.device_list_update',
    'm.signing_key_update',
    'm.typing',
    'm.receipt',
    'm.presence',
  ];
  const values = fc.oneof(
    fc.jsonValue() as fc.Arbitrary<Json>,
    fc.constantFrom<Json>(noise, room, '$event', 'm.read', true),
  );
  const names = fc.constantFrom(
    ...['user_id', 'device_id', 'stream_id', 'prev_id', 'keys', 'master_key', 'self_signing_key', 'sender', 'type'],
    ...['message_id', 'messages', 'room_id', 'typing', 'push', 'presence', 'm.read', 'event_ids', 'data', 'ts'],
    ...[noise, room, '__proto__'],
  );
  const content = fc.dictionary(
    names,
    fc.oneof(values, fc.dictionary(names, fc.oneof(values, fc.dictionary(names, values)))),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...types), content, async (type, object) => {
      await receive([type, { user_id: noise, sender: noise, ...object } as JsonObject]);
    }),
    { numRuns: 200 },
  );
});

describe('EDUs of theirs', () => {
  const ephemeralOf = (answer: AnyJson, type: string): AnyJson =>
    answer.rooms?.join?.[roomId]?.ephemeral?.events.find((event: AnyJson) => event.type === type)?.content;

  test('messages to devices come once', async () => {
    const { next_batch } = await alice.sync();
    const message = (messageId: string, sender: string = bob): [string, JsonObject] => [
      'm.direct_to_device',
      {
        sender,
        type: 'm.test',
        message_id: messageId,
        messages: { [alice.userId]: { '*': { n: messageId, x: 1.5 } } },
      },
    ];
    await receive(message('one'), message('one'), message('two', alice.userId), message('three'));
    await receive(message('one'));
    const { to_device } = await alice.sync({ since: next_batch });
    expect(to_device.events.map((event: AnyJson) => [event.sender, event.content])).toEqual([
      [bob, { n: 'one', x: 1.5 }],
      [bob, { n: 'three', x: 1.5 }],
    ]);
  });

  test('typing is shown of members', async () => {
    const { next_batch } = await alice.sync();
    const typing = (userId: string, room: string = roomId): [string, JsonObject] => [
      'm.typing',
      { room_id: room, user_id: userId, typing: true },
    ];
    await receive(typing(alice.userId), typing(them.userId('stranger')), typing(bob, '!nowhere:x'), typing(bob));
    const answer = await alice.sync({ since: next_batch });
    expect(ephemeralOf(answer, 'm.typing')).toEqual({ user_ids: [bob] });
    await receive(['m.typing', { room_id: roomId, user_id: bob, typing: false }]);
    expect(ephemeralOf(await alice.sync({ since: answer.next_batch }), 'm.typing')).toEqual({ user_ids: [] });
  });

  test('receipts are shown of members, also those in threads', async () => {
    const eventId = await alice.say(roomId, 'read me');
    const { next_batch } = await alice.sync();
    const receipt = (userId: string, data: JsonObject): [string, JsonObject] => [
      'm.receipt',
      { [roomId]: { 'm.read': { [userId]: { event_ids: [eventId], data } } } },
    ];
    await receive(
      receipt(bob, { ts: 7, thread_id: 'main' }),
      receipt(them.userId('stranger'), { ts: 1 }),
      receipt(alice.userId, { ts: 1 }),
      receipt(bob, { ts: 'never' }),
    );
    const content = ephemeralOf(await alice.sync({ since: next_batch }), 'm.receipt');
    expect(content).toEqual({ [eventId]: { 'm.read': { [bob]: { ts: 7, thread_id: 'main' } } } });
  });

  test('presence is shown to those who share a room', async () => {
    const { next_batch } = await alice.sync();
    const said = { presence: 'online', last_active_ago: 5, currently_active: true, status_msg: 'here' };
    await receive([
      'm.presence',
      { push: [{ user_id: bob, ...said }, { user_id: them.userId('stranger'), ...said }, { user_id: bob }, 7] },
    ]);
    const events = await syncUntil(alice, next_batch, (answer) => {
      const found = answer.presence?.events.filter((event: AnyJson) => event.sender !== alice.userId) ?? [];
      return found.length > 0 ? found : undefined;
    });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ sender: bob, content: { presence: 'online', status_msg: 'here' } });
  });

  test('of rooms that they are banned from are passed over', async () => {
    const banned = await createRoom(alice, bob);
    await us.parts.rooms.send(banned, {
      type: 'm.room.server_acl',
      stateKey: '',
      sender: alice.userId as UserId,
      content: { allow: ['*'], allow_ip_literals: false },
    });
    const { next_batch } = await alice.sync();
    await receive(['m.typing', { room_id: banned, user_id: bob, typing: true }]);
    expect((await alice.sync({ since: next_batch })).rooms).toBeUndefined();
  });
});

describe('EDUs of ours', () => {
  const waitFor = async (matches: (edu: AnyJson) => boolean): Promise<AnyJson> => {
    return until<AnyJson>('such an EDU', () => sent.find(matches));
  };
  const upload = (client: TestClient): Promise<AnyJson> =>
    client.ok(
      client.post('/_matrix/client/v3/keys/upload', {
        device_keys: deviceKeys(client.userId as UserId, client.deviceId),
      }),
    );
  const updatesOf = (userId: string): AnyJson[] =>
    sent.filter(({ edu_type, content }) => edu_type === 'm.device_list_update' && content.user_id === userId);

  test('changes of keys are told one after the other', async () => {
    await upload(alice);
    const first = await waitFor(({ content }) => content.user_id === alice.userId && content.keys);
    expect(first).toMatchObject({
      edu_type: 'm.device_list_update',
      content: { device_id: alice.deviceId, prev_id: [] },
    });
    await upload(alice);
    const isSecond = ({ content }: AnyJson) => content.keys && content.stream_id > first.content.stream_id;
    const second = await until<AnyJson>('second update', () => updatesOf(alice.userId).find(isSecond));
    expect(second.content.prev_id).toEqual([first.content.stream_id]);
    const list = await us.parts.federation.edus.ownDevices(alice.userId as UserId);
    expect(list.stream_id).toBe(second.content.stream_id);
    const userId = alice.userId as UserId;
    const master = crossSigningKey(userId, 'master', newKey());
    await alice.ok(alice.post('/_matrix/client/v3/keys/device_signing/upload', { master_key: master }));
    const signing = await waitFor(({ edu_type }) => edu_type === 'm.signing_key_update');
    expect(signing.content).toMatchObject({ user_id: userId, master_key: master });
  });

  test('who comes into a room is introduced to the servers there, once', async () => {
    const erin = await us.register('erin');
    await erin.ok(erin.post(`/_matrix/client/v3/join/${enc(roomId)}`, {}));
    const edu = await waitFor(({ content }) => content.user_id === erin.userId && content.device_id);
    expect(edu).toMatchObject({ edu_type: 'm.device_list_update', content: { device_id: erin.deviceId } });
    expect(edu.content.deleted).toBeUndefined();
    const second = await createRoom(alice, bob);
    await erin.ok(erin.post(`/_matrix/client/v3/join/${enc(second)}`, {}));
    await upload(erin);
    await waitFor(({ content }) => content.user_id === erin.userId && content.keys);
    expect(updatesOf(erin.userId)).toHaveLength(2);
  });

  test('messages to their devices arrive with an id', async () => {
    const path = `/_matrix/client/v3/sendToDevice/m.test/with-an-id`;
    await alice.ok(alice.put(path, { messages: { [bob]: { PHONE: { n: 1 } } } }));
    const { content } = await waitFor(({ edu_type }) => edu_type === 'm.direct_to_device');
    expect(content).toMatchObject({ sender: alice.userId, type: 'm.test', messages: { [bob]: { PHONE: { n: 1 } } } });
    expect(content.message_id.length).toBeLessThanOrEqual(32);
  });

  test('a server that comes into a room is told who is present there', async () => {
    const gina = await us.register('gina');
    const room = await createRoom(gina);
    await gina.sync({ set_presence: 'online' });
    await member(room, them.userId('hal'), 'join');
    await waitFor(
      ({ edu_type, content }) =>
        edu_type === 'm.presence' && content.push.some((said: AnyJson) => said.user_id === gina.userId),
    );
  });

  test('typing, receipts and presence are told as they happen', async () => {
    const typingPath = `/_matrix/client/v3/rooms/${enc(roomId)}/typing/${enc(alice.userId)}`;
    await alice.ok(alice.put(typingPath, { typing: true }));
    const typing = await waitFor(({ edu_type }) => edu_type === 'm.typing');
    expect(typing.content).toEqual({ room_id: roomId, user_id: alice.userId, typing: true });
    const eventId = await alice.say(roomId, 'hello');
    await alice.ok(alice.post(`/_matrix/client/v3/rooms/${enc(roomId)}/receipt/m.read/${enc(eventId)}`, {}));
    const receipt = await waitFor(({ edu_type }) => edu_type === 'm.receipt');
    expect(receipt.content[roomId]['m.read'][alice.userId].event_ids).toEqual([eventId]);
    const presencePath = `/_matrix/client/v3/presence/${enc(alice.userId)}/status`;
    await alice.ok(alice.put(presencePath, { presence: 'unavailable', status_msg: 'tea' }));
    const presence = await waitFor(
      ({ edu_type, content }) => edu_type === 'm.presence' && content.push[0].status_msg === 'tea',
    );
    expect(presence.content.push[0]).toMatchObject({ user_id: alice.userId });
  });
});
