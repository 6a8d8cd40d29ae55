// A user joins through a server that answers as it should not.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { AnyJson, TestClient } from '../harness/client.ts';
import { type FederatedServer, startFederated } from '../harness/federated.ts';
import { createForeignRoom, testSigningKey } from '../harness/foreign-events.ts';
import { keyDocument, type PeerServer, startPeerServer } from '../harness/peer-server.ts';
import { stateOf } from '../harness/room-client.ts';

let server: FederatedServer;
let peer: PeerServer;
let bob: TestClient;

beforeAll(async () => {
  [server, peer] = await Promise.all([startFederated(), startPeerServer()]);
  bob = await server.register('bob');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await peer[Symbol.asyncDispose]();
});

interface Answers {
  template: AnyJson;
  joined: AnyJson;
}

/** Joins a room of the peer's, which answers as `change` has it. */
const joinWith = async (change: (answers: Answers) => void, versionId: '11' | '12' = '11') => {
  const name = `127.0.0.1:${peer.port}`;
  const room = createForeignRoom({ creator: `@eve:${name}`, version: versionId });
  room.add({ type: 'm.room.name', stateKey: '', sender: room.creator, content: { name: 'Trap' } });
  const state = [...room.events.values()];
  const of = (type: string) => state.find(({ event }) => event.type === type)!.event.eventId;
  const content: JsonObject = { membership: 'join' };
  const answers: Answers = {
    template: {
      room_version: versionId,
      event: {
        type: 'm.room.member',
        room_id: room.roomId,
        sender: bob.userId,
        state_key: bob.userId,
        content,
        depth: 6,
        origin_server_ts: 1,
        prev_events: [...room.tips],
        auth_events: [
          ...(versionId === '12' ? [] : [of('m.room.create')]),
          of('m.room.power_levels'),
          of('m.room.join_rules'),
        ],
      },
    },
    joined: {
      origin: name,
      state: state.map(({ pdu }) => structuredClone(pdu)),
      auth_chain: state.slice(0, 4).map(({ pdu }) => structuredClone(pdu)),
    },
  };
  peer.handler = ({ url, body }) => {
    if (url.startsWith('/_matrix/key/')) {
      return [200, keyDocument(name, { keys: [testSigningKey], validUntilTs: Date.now() + 86_400_000 })];
    }
    if (url.includes('/make_join/')) {
      answers.joined.event = undefined;
      change(answers);
      return [200, answers.template];
    }
    if (!url.includes('/send_join/')) return [404, { errcode: 'M_NOT_FOUND', error: 'Not here' }];
    const { event = JSON.parse(body), ...rest } = answers.joined;
    change({ ...answers, joined: Object.assign(answers.joined, { ...rest, event }) });
    return [200, answers.joined];
  };
  const answer = await bob.post(`/_matrix/client/v3/join/${encodeURIComponent(room.roomId)}?via=${name}`);
  return { answer, room };
};

const refusals: [string, (answers: Answers) => void, string][] = [
  [
    'a template for somebody else',
    ({ template }) => {
      template.event.sender = '@eve:evil.test';
    },
    'template',
  ],
  [
    'a template that is no join',
    ({ template }) => {
      template.event.content = { membership: 'leave' };
    },
    'template',
  ],
  [
    'a template of another type',
    ({ template }) => {
      template.event.type = 'm.room.name';
    },
    'template',
  ],
  [
    'a version that nobody knows',
    ({ template }) => {
      template.room_version = '99';
    },
    'version',
  ],
  [
    'another version than the room has',
    ({ template }) => {
      template.room_version = '10';
    },
    '',
  ],
  [
    'prev events without end',
    ({ template }) => {
      template.event.prev_events = Array(30).fill('$x');
    },
    'refused',
  ],
  [
    'no state',
    ({ joined }) => {
      joined.state = {};
    },
    'state',
  ],
  ['a state without the create event', ({ joined }) => void joined.state.shift(), 'has no m.room.create'],
  [
    'a create event whose key nobody has',
    ({ joined }) => {
      const [create] = joined.state;
      create.signatures = { [create.sender.split(/:(.*)/)[1]]: { 'ed25519:gone': 'A'.repeat(86) } };
    },
    'the key ed25519:gone of 127.0.0.1:',
  ],
  [
    'a create event with a forged signature',
    ({ joined }) => {
      const [create] = joined.state;
      create.signatures = { [create.sender.split(/:(.*)/)[1]]: { [testSigningKey.keyId]: 'A'.repeat(86) } };
    },
    'm.room.create that it sent cannot be verified: There is no valid signature',
  ],
  [
    'members left out without the servers in the room',
    ({ joined }) => {
      joined.members_omitted = true;
    },
    'who is in the room',
  ],
  [
    'another join than ours',
    ({ joined }) => {
      if (joined.event) joined.event = { ...joined.event, content: { membership: 'join', x: 1 } };
    },
    'another join',
  ],
  [
    'a create event with a forged content',
    ({ joined }) => {
      joined.state[0].content = { room_version: '11', 'm.federate': false, forged: true };
    },
    '',
  ],
];

test.each(refusals)('%s is refused', async (_what, change, why) => {
  const { answer, room } = await joinWith(change);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.body.error).toContain(why);
  expect((await bob.sync()).rooms?.join?.[room.roomId]).toBeUndefined();
});

test('events without a valid signature are left out of the state', async () => {
  const { answer, room } = await joinWith(({ joined }) => {
    const name = joined.state.at(-1);
    if (name.type === 'm.room.name') name.signatures = { 'evil.test': { 'ed25519:1': 'A'.repeat(86) } };
  });
  expect(answer).toMatchObject({ status: 200 });
  expect(await stateOf(bob, room.roomId, 'm.room.name')).toBeUndefined();
  expect((await stateOf(bob, room.roomId, 'm.room.member', room.creator)).membership).toBe('join');
});

test('an honest answer is taken', async () => {
  const { answer, room } = await joinWith(() => undefined, '12');
  expect(answer).toMatchObject({ status: 200 });
  expect(await stateOf(bob, room.roomId, 'm.room.name')).toEqual({ name: 'Trap' });
});
