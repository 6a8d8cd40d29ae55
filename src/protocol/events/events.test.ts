import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../canonical-json/canonical-json.ts';
import { parseJsonLossless } from '../canonical-json/parse-json.ts';
import { redact, redactContent } from '../redaction/redact.ts';
import { redactStored } from '../redaction/redact-stored.ts';
import { roomVersion, roomVersions } from '../room-versions/room-versions.ts';
import { signEvent, verifyEventSignature } from '../signing/sign-event.ts';
import { signingKeyFromSeed } from '../signing/signing-key.ts';
import { contentHash, contentHashMatches, eventIdOf, referenceHash } from './event-hashes.ts';
import { joinPdu } from './join-pdu.ts';
import type { JsonObject } from './json.ts';
import { type ParsedPdu, parsePdu } from './parse-pdu.ts';
import { pduTexts } from './pdu-texts.ts';

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../tests/vectors/data/${name}.json`, import.meta.url), 'utf8'));

interface Vector {
  name: string;
  room_version: string;
  event: JsonObject;
  redacted: JsonObject;
  content_hash: string;
  event_id: string;
  room_id_if_create?: string;
}
const { vectors }: { vectors: Vector[] } = read('derived-event-ids-and-redactions');
const key = signingKeyFromSeed('ed25519:1', read('signing').signing_key_seed_base64);
const signer = { name: 'domain', key };
const versions = Object.values(roomVersions);

const joined = ({ event, contentJson, restJson }: ParsedPdu, version = roomVersions[11]): string =>
  joinPdu({ ...event, content: contentJson, rest: restJson }, event.roomId, version);

describe('vectors', () => {
  test('all are there', () => expect(vectors).toHaveLength(100));

  test.each(vectors)('$name in version $room_version', (vector) => {
    const version = roomVersion(vector.room_version)!;
    expect(redact(vector.event, version)).toEqual(vector.redacted);
    expect(contentHash(vector.event, version)).toBe(vector.content_hash);
    expect(eventIdOf(vector.event, version)).toBe(vector.event_id);
    expect(eventIdOf(vector.redacted, version)).toBe(vector.event_id);
    expect(signEvent({ ...vector.event, signatures: {} }, version, signer)).toEqual(vector.event);
    expect(verifyEventSignature(vector.event, version, 'domain', key.keyId, key.publicKey)).toBe(true);

    const parsed = parsePdu(JSON.stringify(vector.event), version);
    expect(parsed.event.eventId).toBe(vector.event_id);
    expect(parsed.event.roomId).toBe(vector.room_id_if_create ?? vector.event.room_id);
    expect(contentHashMatches(parsed.hashes, parsed.hashedText)).toBe(true);
    expect(contentHashMatches(parsed.hashes, parsed.signedText)).toBe(false);
    const { unsigned: _unsigned, ...wire } = vector.event;
    expect(parsed.pduJson).toBe(canonicalJson(wire));
    expect(joined(parsed, version)).toBe(parsed.pduJson);

    const stored = redactStored(
      { type: parsed.event.type, content: parsed.contentJson, rest: parsed.restJson },
      version,
    );
    expect(joinPdu({ ...parsed.event, ...stored }, parsed.event.roomId, version)).toBe(canonicalJson(vector.redacted));
  });
});

const values = fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }), { noNullPrototype: true });
const contents = values.map((value) => JSON.parse(JSON.stringify(value, toInteger)) as JsonObject);
const toInteger = (_key: string, value: unknown) => (typeof value === 'number' ? Math.trunc(value % 2 ** 53) : value);

const types = fc.constantFrom(
  'm.room.message',
  'm.room.member',
  'm.room.create',
  'm.room.power_levels',
  'm.room.redaction',
  'm.room.aliases',
);

const pdus = (): fc.Arbitrary<JsonObject> =>
  fc
    .record({ type: types, content: contents, extra: contents, state: fc.option(fc.string({ maxLength: 20 })) })
    .map(({ type, content, extra, state }) => ({
      ...extra,
      auth_events: [],
      prev_events: [],
      content: { membership: 'join', creator: '@a:b', redacts: '$x', third_party_invite: { signed: {} }, ...content },
      depth: 3,
      hashes: { sha256: 'AAAA' },
      origin_server_ts: 5,
      room_id: '!r:b',
      event_id: '$e:b',
      sender: '@a:b',
      signatures: { b: { 'ed25519:1': 'AA' } },
      type,
      ...(state === null ? {} : { state_key: state }),
    }));

describe('properties', () => {
  const anyVersion = fc.constantFrom(...versions);

  test('redaction is idempotent and keeps the event id and the reference hash', () => {
    fc.assert(
      fc.property(pdus(), anyVersion, (pdu, version) => {
        const once = redact(pdu, version);
        expect(redact(once, version)).toEqual(once);
        expect(eventIdOf(once, version)).toBe(eventIdOf(pdu, version));
        expect(referenceHash(once, version)).toBe(referenceHash(pdu, version));
        const type = pdu.type as string;
        const content = redactContent(type, pdu.content as JsonObject, version);
        expect(redactContent(type, content, version)).toEqual(content);
      }),
    );
  });

  test('an event comes back from its stored texts', () => {
    fc.assert(
      fc.property(pdus(), anyVersion, (pdu, version) => {
        const { room_id: _roomId, ...create } = pdu;
        const wire = version.roomIdIsCreateHash && pdu.type === 'm.room.create' ? create : pdu;
        const parsed = parsePdu(wire, version);
        expect(joined(parsed, version)).toBe(parsed.pduJson);
        expect(canonicalJson(JSON.parse(parsed.pduJson))).toBe(parsed.pduJson);
        expect(JSON.parse(parsed.pduJson)).toEqual(parsed.pdu);
      }),
    );
  });
});

describe('redaction', () => {
  test('is not misled by names that objects inherit', () => {
    const pdu = { type: 'constructor', content: { a: 1 }, sender: '@a:b' };
    expect(redact(pdu, roomVersions[11])).toEqual({ type: 'constructor', content: {}, sender: '@a:b' });
    expect(redactContent('m.room.member', { third_party_invite: 'x' }, roomVersions[11])).toEqual({});
    expect(redactContent('m.room.create', { a: 1 }, roomVersions[12])).toEqual({ a: 1 });
  });
});

const valid: JsonObject = {
  type: 'm.room.message',
  room_id: '!r:domain',
  sender: '@u:domain',
  origin_server_ts: 1_000_000,
  depth: 5,
  prev_events: ['$p'],
  auth_events: ['$a'],
  content: { body: 'x' },
  hashes: { sha256: 'AAAA' },
  signatures: { domain: { 'ed25519:1': 'AA' } },
};
const pairs: JsonObject = {
  ...valid,
  event_id: '$e:domain',
  prev_events: [['$p:domain', { sha256: 'AAAA' }]],
  auth_events: [['$a:domain', {}]],
};
const without = (key: string): JsonObject => Object.fromEntries(Object.entries(valid).filter(([name]) => name !== key));
const badJson = expect.objectContaining({ errcode: 'M_BAD_JSON' });

describe('format', () => {
  test.each(Object.keys(valid))('%s is required', (field) => {
    expect(() => parsePdu(without(field), roomVersions[11])).toThrow(
      expect.objectContaining({ errcode: 'M_BAD_JSON' }),
    );
  });

  test.each([
    ['type', 1],
    ['room_id', 'r:domain'],
    ['room_id', '#r:domain'],
    ['sender', 'u:domain'],
    ['sender', '@u'],
    ['state_key', null],
    ['state_key', 1],
    ['origin_server_ts', '1'],
    ['origin_server_ts', 1.5],
    ['depth', -1],
    ['depth', '5'],
    ['depth', 2 ** 53],
    ['prev_events', {}],
    ['prev_events', [1]],
    ['prev_events', ['p']],
    ['prev_events', [['$p', {}]]],
    ['auth_events', null],
    ['content', []],
    ['content', 'x'],
    ['content', { a: 1.5 }],
    ['hashes', {}],
    ['hashes', { sha256: 1 }],
    ['signatures', []],
    ['signatures', { domain: 'x' }],
    ['signatures', { domain: { 'ed25519:1': 1 } }],
  ])('%s must not be %j', (field, value) => {
    expect(() => parsePdu({ ...valid, [field]: value }, roomVersions[11])).toThrow(badJson);
  });

  test('what is no object is no event', () => {
    for (const wire of [null, 1, true, [], '1.5', '[]'])
      expect(() => parsePdu(wire, roomVersions[11])).toThrow(badJson);
    expect(() => parsePdu('{', roomVersions[11])).toThrow(expect.objectContaining({ errcode: 'M_NOT_JSON' }));
  });

  test('references are counted unless they come as history', () => {
    const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `$${i}`);
    const version = roomVersions[11];
    expect(parsePdu({ ...valid, prev_events: many(20), auth_events: many(10) }, version).event.prevEvents).toHaveLength(
      20,
    );
    expect(() => parsePdu({ ...valid, prev_events: many(21) }, version)).toThrow(badJson);
    expect(() => parsePdu({ ...valid, auth_events: many(11) }, version)).toThrow(badJson);
    const history = parsePdu({ ...valid, auth_events: many(11) }, version, { limitReferences: false });
    expect(history.event.authEvents).toHaveLength(11);
  });

  test('versions 1 and 2 have an id with a server and references as pairs', () => {
    const { event } = parsePdu(pairs, roomVersions[2]);
    expect(event).toMatchObject({ eventId: '$e:domain', prevEvents: ['$p:domain'], authEvents: ['$a:domain'] });
    const changes: JsonObject[] = [
      { event_id: '$e' },
      { event_id: 1 },
      { prev_events: ['$p'] },
      { prev_events: [['$p']] },
    ];
    for (const change of changes) expect(() => parsePdu({ ...pairs, ...change }, roomVersions[1])).toThrow(badJson);
  });

  test('version 12: the create event has no room_id, every other has one', () => {
    const create = { ...without('room_id'), type: 'm.room.create', state_key: '', prev_events: [], auth_events: [] };
    const { event } = parsePdu(create, roomVersions[12]);
    expect(event.roomId).toBe(`!${event.eventId.slice(1)}`);
    expect(() => parsePdu({ ...create, room_id: '!r' }, roomVersions[12])).toThrow(badJson);
    expect(() => parsePdu(create, roomVersions[11])).toThrow(badJson);
    expect(() => parsePdu(without('room_id'), roomVersions[12])).toThrow(badJson);
  });

  test('unsigned is dropped', () => {
    const parsed = parsePdu({ ...valid, unsigned: { age: 1 } }, roomVersions[11]);
    expect(parsed.pdu).not.toHaveProperty('unsigned');
    expect(parsed.pduJson).toBe(canonicalJson(valid));
  });

  test('the redacted event, wherever it stands', () => {
    const redaction = { ...valid, type: 'm.room.redaction', redacts: '$old', content: { redacts: '$new' } };
    expect(parsePdu(redaction, roomVersions[10]).event.redacts).toBe('$old');
    expect(parsePdu(redaction, roomVersions[11]).event.redacts).toBe('$new');
    expect(parsePdu({ ...redaction, type: 'x' }, roomVersions[10]).event.redacts).toBeUndefined();
    expect(parsePdu({ ...redaction, redacts: 5 }, roomVersions[10]).event.redacts).toBeUndefined();
  });

  test('numbers of old rooms: kept exactly, cut where a number is needed', () => {
    const text = JSON.stringify(valid)
      .replace('"depth":5', '"depth":9223372036854775807')
      .replace('{"body":"x"}', '{"a":1.0,"b":12345678901234567890}');
    const parsed = parsePdu(text, roomVersions[5]);
    expect(parsed.event.depth).toBe(Number.MAX_SAFE_INTEGER);
    expect(parsed.contentJson).toBe('{"a":1.0,"b":12345678901234567890}');
    expect(joined(parsed, roomVersions[5])).toBe(parsed.pduJson);
    expect(parsed.pduJson).toContain('"depth":9223372036854775807');
    const again = parsePdu(joined(parsed, roomVersions[5]), roomVersions[5]);
    expect(again.event.eventId).toBe(parsed.event.eventId);
    expect(() => parsePdu(text, roomVersions[6])).toThrow(badJson);
    expect(() => parsePdu(text.replace('9223372036854775807', '9223372036854775808'), roomVersions[5])).toThrow(
      badJson,
    );
    expect(() => parsePdu(text.replace('9223372036854775807', '5.0'), roomVersions[5])).toThrow(badJson);
    expect(canonicalJson(parseJsonLossless(parsed.pduJson), 'lossless')).toBe(parsed.pduJson);
  });
});

describe('size', () => {
  const tooLarge = expect.objectContaining({ status: 413, errcode: 'M_TOO_LARGE' });
  const version = roomVersions[11];
  const ofSize = (bytes: number, unit = 'x'): JsonObject => {
    const room = bytes - Buffer.byteLength(canonicalJson({ ...valid, content: { body: '' } }));
    return { ...valid, content: { body: unit.repeat(Math.ceil(room / Buffer.byteLength(unit))) } };
  };

  test('65,536 bytes of canonical JSON', () => {
    expect(Buffer.byteLength(parsePdu(ofSize(65_536), version).pduJson)).toBe(65_536);
    expect(() => parsePdu(ofSize(65_537), version)).toThrow(tooLarge);
    expect(() => parsePdu(ofSize(65_600, 'é'), version)).toThrow(tooLarge);
    expect(() => parsePdu(ofSize(30_000, 'é'), version)).not.toThrow();
  });

  test('255 bytes for each of the five fields', () => {
    for (const field of ['type', 'state_key']) {
      expect(() => parsePdu({ ...valid, [field]: 'a'.repeat(255) }, version)).not.toThrow();
      expect(() => parsePdu({ ...valid, [field]: 'a'.repeat(256) }, version)).toThrow(tooLarge);
      expect(() => parsePdu({ ...valid, [field]: 'é'.repeat(128) }, version)).toThrow(tooLarge);
    }
    const changes: JsonObject[] = [{ sender: `@${'a'.repeat(255)}:b` }, { room_id: `!${'a'.repeat(255)}:b` }];
    for (const change of changes) expect(() => parsePdu({ ...valid, ...change }, version)).toThrow(badJson);
    expect(() => parsePdu({ ...pairs, event_id: `$${'a'.repeat(255)}:b` }, roomVersions[1])).toThrow(badJson);
  });
});

test('the texts leave out what they must', () => {
  const texts = pduTexts({ ...valid, unsigned: { age: 1 }, extra: 1, origin: 'domain' }, roomVersions[10]);
  expect(Object.keys(JSON.parse(texts.restJson))).toEqual([
    'auth_events',
    'extra',
    'hashes',
    'origin',
    'prev_events',
    'signatures',
  ]);
  expect(JSON.parse(texts.hashedText)).not.toHaveProperty('hashes');
  expect(JSON.parse(texts.signedText)).not.toHaveProperty('extra');
  expect(JSON.parse(texts.signedText)).toHaveProperty('hashes');
});
