import { describe, expect, test } from 'vitest';
import { testKey } from '../../../tests/harness/peer-server.ts';
import type { KeyWanted, VerifyKey } from '../../peers/keys/verify-key.ts';
import { buildEvent } from '../../protocol/events/build-event.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { parseServerName } from '../../protocol/ids/server-name.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import { addEventSignature } from '../../protocol/signing/sign-event.ts';
import { createVerify, type VerifyOptions } from './verify-pdus.ts';

const source = parseServerName('source.test');
const keys = new Map<string, VerifyKey>();
const asked: KeyWanted[] = [];

const verify = createVerify({
  peers: {
    async keysFor(wants) {
      asked.push(...wants);
      return (server, keyId) => keys.get(`${server} ${keyId}`);
    },
  },
});

const signer = (server: string, keyId = 'ed25519:1', more: Partial<VerifyKey> = {}) => {
  const key = testKey(keyId, server);
  const known = { publicKey: key.publicKey, validUntilTs: 2000, expiredTs: null, ...more };
  keys.set(`${server} ${keyId}`, known);
  return { name: parseServerName(server), key };
};

interface Made {
  readonly version?: string;
  readonly content?: JsonObject;
  readonly stateKey?: string;
  readonly ts?: number;
  readonly prevs?: number;
}

const make = (
  by: ReturnType<typeof signer>,
  { version = '11', content = {}, stateKey, ts = 1000, prevs = 0 }: Made,
) => {
  const draft = {
    roomId: '!r:a.test' as RoomId,
    type: stateKey === undefined ? 'm.room.message' : 'm.room.member',
    stateKey,
    sender: '@u:a.test' as UserId,
    content,
    originServerTs: ts,
    depth: 1,
    prevEvents: Array.from({ length: prevs }, (_, at) => ({ eventId: `$${String(at).padStart(43, 'a')}` as EventId })),
    authEvents: [],
    redacts: undefined,
    ...(version === '1' && { chosenEventId: '$e:b.test' as EventId }),
  };
  return JSON.parse(buildEvent(draft, roomVersion(version)!, by).pduJson) as JsonObject;
};

const one = async (wire: JsonObject, version = '11', options: VerifyOptions = {}) =>
  (await verify.verifyPdus([wire], roomVersion(version)!, source, options))[0]!;

const a = signer('a.test');

describe('verifyPdus', () => {
  test('gives one result for each, in their order', async () => {
    const good = make(a, {});
    const results = await verify.verifyPdus([1, good, '{', { ...good, depth: -1 }], roomVersion('11')!, source);
    expect(results.map(({ ok }) => ok)).toEqual([false, true, false, false]);
    expect(results[1]).toMatchObject({ event: { source, event: { sender: '@u:a.test' } } });
  });

  test('wants the signature of the sender, of all known keys that it was made with', async () => {
    const wire = make(a, {});
    expect(await one({ ...wire, signatures: {} })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('a.test'),
    });
    expect(await one({ ...wire, type: 'm.room.topic' })).toMatchObject({ ok: false });
    const second = addEventSignature(wire, roomVersion('11')!, signer('a.test', 'ed25519:2'));
    expect((await one(second)).ok).toBe(true);
    const wrong = structuredClone(second) as { signatures: Record<string, JsonObject> };
    const mine = wrong.signatures['a.test']!;
    mine['ed25519:2'] = mine['ed25519:1']!;
    expect((await one(wrong as unknown as JsonObject)).ok).toBe(false);
    mine['ed25519:unknown'] = mine['ed25519:1']!;
    delete mine['ed25519:2'];
    expect((await one(wrong as unknown as JsonObject)).ok).toBe(true);
  });

  test('never asks for the key of a policy server', async () => {
    const wire = addEventSignature(make(a, {}), roomVersion('11')!, {
      name: 'a.test' as ServerName,
      key: testKey('ed25519:policy_server'),
    });
    asked.length = 0;
    expect((await one(wire)).ok).toBe(true);
    expect(asked.map(({ keyId }) => keyId)).toEqual(['ed25519:1']);
  });

  test('since v5 holds keys to their time', async () => {
    for (const [version, ok] of [
      ['4', true],
      ['5', false],
    ] as const) {
      expect((await one(make(a, { version, ts: 3000 }), version)).ok).toBe(ok);
    }
    const old = signer('a.test', 'ed25519:old', { validUntilTs: 0, expiredTs: 1500 });
    expect((await one(make(old, { ts: 1400 }))).ok).toBe(true);
    expect((await one(make(old, { ts: 1600 }))).ok).toBe(false);
  });

  test('v1: the server of the event id signs as well', async () => {
    const wire = make(a, { version: '1' });
    expect(await one(wire, '1')).toMatchObject({ ok: false, reason: expect.stringContaining('b.test') });
    expect((await one(addEventSignature(wire, roomVersion('1')!, signer('b.test')), '1')).ok).toBe(true);
  });

  test('since v8: the server that authorised a join signs as well', async () => {
    const content = { membership: 'join', join_authorised_via_users_server: '@x:c.test' };
    const wire = make(a, { version: '8', content, stateKey: '@u:a.test' });
    expect((await one(wire, '7')).ok).toBe(true);
    expect(await one(wire, '8')).toMatchObject({ ok: false, reason: expect.stringContaining('c.test') });
    expect((await one(addEventSignature(wire, roomVersion('8')!, signer('c.test')), '8')).ok).toBe(true);
  });

  test('an invite by a third party needs not be signed by the sender', async () => {
    const stateKey = '@v:d.test';
    const invite = (content: JsonObject) => ({ ...make(a, { content, stateKey }), signatures: {} });
    expect((await one(invite({ membership: 'invite', third_party_invite: { signed: {} } }))).ok).toBe(true);
    expect((await one(invite({ membership: 'join', third_party_invite: { signed: {} } }))).ok).toBe(false);
    expect((await one(invite({ membership: 'invite', third_party_invite: 1 }))).ok).toBe(false);
  });

  test('redacts what has another content than was hashed, and keeps its id', async () => {
    const wire = make(a, { content: { membership: 'join', displayname: 'U' }, stateKey: '@u:a.test' });
    const whole = await one(wire);
    const changed = await one({ ...wire, content: { membership: 'join', displayname: 'V' } });
    if (!whole.ok || !changed.ok) throw new Error('it was not taken');
    expect(changed.event.event.eventId).toBe(whole.event.event.eventId);
    expect(changed.event.contentJson).toBe('{"membership":"join"}');
    expect(changed.event.pdu.hashes).toEqual(wire.hashes);
  });

  test('bears many references only where it is told to', async () => {
    const wire = make(a, { prevs: 30 });
    expect((await one(wire)).ok).toBe(false);
    expect((await one(wire, '11', { limitReferences: false })).ok).toBe(true);
  });
});
