import { describe, expect, test } from 'vitest';
import type { EventId } from '../ids/branded.ts';
import { parseEventId } from '../ids/event-id.ts';
import { parseRoomId } from '../ids/room-id.ts';
import { parseUserId } from '../ids/user-id.ts';
import { roomVersions } from '../room-versions/room-versions.ts';
import { signingKeyFromSeed } from '../signing/signing-key.ts';
import { verifyText } from '../signing/verify-text.ts';
import { buildEvent, type EventToBuild } from './build-event.ts';
import { contentHashMatches } from './event-hashes.ts';
import { joinPdu } from './join-pdu.ts';
import { parsePdu } from './parse-pdu.ts';

const key = signingKeyFromSeed('ed25519:1', 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1');
const signer = { name: 'domain', key };

const draft: EventToBuild = {
  roomId: parseRoomId('!r:domain'),
  type: 'm.room.message',
  stateKey: undefined,
  sender: parseUserId('@u:domain'),
  content: { msgtype: 'm.text', body: 'Hé "you" 😀' },
  originServerTs: 1_763_725_000_000,
  depth: 7,
  prevEvents: [{ eventId: parseEventId('$p:domain'), hash: 'cGFpcg' }],
  authEvents: [
    { eventId: parseEventId('$a:domain'), hash: 'cGFpcg' },
    { eventId: parseEventId('$b:domain'), hash: 'cGFpcg' },
  ],
  redacts: undefined,
};
const kinds: Record<string, Partial<EventToBuild>> = {
  message: {},
  member: { type: 'm.room.member', stateKey: '@u:domain', content: { membership: 'join', displayname: 'U' } },
  create: { type: 'm.room.create', stateKey: '', content: { room_version: 'x', creator: '@u:domain' }, prevEvents: [] },
  redaction: { type: 'm.room.redaction', content: { reason: 'spam' }, redacts: '$x' as EventId },
  'odd state key': { type: 'é"\\', stateKey: '\u0000\n"' },
};

describe.each(Object.values(roomVersions))('version $id', (version) => {
  test.each(Object.entries(kinds))('%s', (_name, change) => {
    const chosen = version.eventIdFormat === 'chosen' ? { chosenEventId: parseEventId('$e:domain') } : {};
    const built = buildEvent({ ...draft, ...change, ...chosen }, version, signer);
    const parsed = parsePdu(built.pduJson, version);
    expect(parsed.event).toEqual(built.event);
    expect([parsed.pduJson, parsed.contentJson, parsed.restJson]).toEqual([
      built.pduJson,
      built.contentJson,
      built.restJson,
    ]);
    expect(contentHashMatches(parsed.hashes, parsed.hashedText)).toBe(true);
    const { signatures } = parsed.pdu as { signatures: Record<string, Record<string, string>> };
    expect(verifyText(parsed.signedText, signatures.domain!['ed25519:1']!, key.publicKey)).toBe(true);
    const stored = { ...built.event, content: built.contentJson, rest: built.restJson };
    expect(joinPdu(stored, built.event.roomId, version)).toBe(built.pduJson);
    expect(built.referenceHash === '').toBe(!version.eventReferencesArePairs);
  });
});

test('a redaction names its target where the version wants it', () => {
  const change = kinds.redaction!;
  const old = buildEvent({ ...draft, ...change }, roomVersions[10], signer);
  expect([JSON.parse(old.restJson).redacts, old.event.content.redacts]).toEqual(['$x', undefined]);
  const since11 = buildEvent({ ...draft, ...change }, roomVersions[11], signer);
  expect([JSON.parse(since11.restJson).redacts, since11.event.content.redacts]).toEqual([undefined, '$x']);
  const inContent = { ...change, redacts: undefined, content: { redacts: '$x' } };
  expect(buildEvent({ ...draft, ...inContent }, roomVersions[11], signer).event.redacts).toBe('$x');
});

test('what cannot be an event is refused', () => {
  const version = roomVersions[12];
  const refuse = (change: Partial<EventToBuild>, errcode: string) =>
    expect(() => buildEvent({ ...draft, ...change }, version, signer)).toThrow(expect.objectContaining({ errcode }));
  refuse({ content: { a: 1.5 } }, 'M_BAD_JSON');
  refuse({ content: { a: '\ud800' } }, 'M_BAD_JSON');
  refuse({ content: { a: 'x'.repeat(66_000) } }, 'M_TOO_LARGE');
  refuse({ content: { a: 'é'.repeat(33_000) } }, 'M_TOO_LARGE');
  refuse({ type: 'x'.repeat(256) }, 'M_TOO_LARGE');
  refuse({ stateKey: 'é'.repeat(128) }, 'M_TOO_LARGE');
});

test('floats may stand in old rooms only', () => {
  const levels = { type: 'm.room.power_levels', stateKey: '', content: { ban: 50.5 } };
  const built = buildEvent({ ...draft, ...levels }, roomVersions[5], signer);
  expect(built.contentJson).toBe('{"ban":50.5}');
  expect(parsePdu(built.pduJson, roomVersions[5]).event.eventId).toBe(built.event.eventId);
});
