import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseJsonLossless } from '../canonical-json/parse-json.ts';
import { roomVersions } from '../room-versions/room-versions.ts';
import { mayRedact } from './authorise-redaction.ts';
import { readPowerLevelValue } from './power-level-value.ts';
import { readPowerLevels } from './power-levels.ts';
import { roomState, sketched, user } from './test-room.ts';

interface Vector {
  json: string;
  v1_to_v5?: number | null;
  v6_to_v9?: number | null;
  v10_to_v12?: number | null;
}
const file = new URL('../../../tests/vectors/data/power-level-values.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };

const ranges = { v1_to_v5: ['1', '5'], v6_to_v9: ['6', '9'], v10_to_v12: ['10', '12'] } as const;

describe('readPowerLevelValue', () => {
  it.each(vectors)('reads $json', (vector) => {
    for (const [range, versions] of Object.entries(ranges)) {
      const expected = vector[range as keyof typeof ranges];
      if (expected === undefined) continue;
      for (const id of versions) {
        const value = readPowerLevelValue(parseJsonLossless(vector.json), roomVersions[id]);
        expect({ id, value: value ?? null }).toEqual({ id, value: expected });
      }
    }
  });
  it.each(['', ' ', '1.0', '1e3', '0x10', '- 1', '1_000', '٣'])('refuses the string %j', (text) => {
    expect(readPowerLevelValue(text, roomVersions[1])).toBeUndefined();
  });
});

describe('readPowerLevels', () => {
  const create = (id: keyof typeof roomVersions, content = {}) => roomState(roomVersions[id], { create: content })[0];

  it('has the defaults of a room without the event', () => {
    const levels = readPowerLevels(undefined, roomVersions[11], create('11'));
    expect(levels).toMatchObject({ ban: 50, kick: 50, redact: 50, invite: 0, stateDefault: 50, eventsDefault: 0 });
    expect(levels.notificationsRoom).toBe(50);
    expect(levels.powerOf(user('alice'))).toBe(100);
    expect(levels.powerOf(user('bob'))).toBe(0);
  });
  it('lets the event take the creator down, but not since version 12', () => {
    const content = { users_default: 7, users: { [user('bob')]: 50 } };
    expect(readPowerLevels(content, roomVersions[11], create('11')).powerOf(user('alice'))).toBe(7);
    const creators = create('12', { additional_creators: [user('carol')] });
    const levels = readPowerLevels(content, roomVersions[12], creators);
    expect([user('alice'), user('bob'), user('carol'), user('dave')].map(levels.powerOf)).toEqual([
      Number.POSITIVE_INFINITY,
      50,
      Number.POSITIVE_INFINITY,
      7,
    ]);
  });
  it('reads levels by type and their defaults', () => {
    const content = { events: { a: '30' }, events_default: 1, state_default: 2, notifications: { room: 3 } };
    const levels = readPowerLevels(content, roomVersions[9], create('9'));
    expect([levels.required('a', true), levels.required('b', true), levels.required('b', false)]).toEqual([30, 2, 1]);
    expect(levels.required('toString', false)).toBe(1);
    expect(levels.notificationsRoom).toBe(3);
  });
  it('names the creator as its version does', () => {
    const other = { creator: user('bob') };
    expect(readPowerLevels(undefined, roomVersions[10], create('10', other)).powerOf(user('bob'))).toBe(100);
    expect(readPowerLevels(undefined, roomVersions[11], create('11', other)).powerOf(user('bob'))).toBe(0);
  });
});

describe('mayRedact', () => {
  const judge = (id: keyof typeof roomVersions, sender: string, redactionId = 'r:a.test', more = {}) => {
    const version = roomVersions[id];
    const levels = readPowerLevels({ users: { [user('bob')]: 50 } }, version, roomState(version)[0]);
    const target = sketched(version, { id: 't:b.test', type: 'm.room.message', sender: 'zoe:b.test' });
    const redaction = { id: redactionId, type: 'm.room.redaction', sender, redacts: 't:b.test', ...more };
    return mayRedact(sketched(version, redaction), target, version, levels);
  };
  it('is for the redact level and the own server', () => {
    for (const id of ['1', '3', '12'] as const) {
      expect(judge(id, 'bob')).toBe(true);
      expect(judge(id, 'carol')).toBe(false);
    }
    expect(judge('2', 'carol', 'r:b.test')).toBe(true);
    expect(judge('3', 'carol', 'r:b.test')).toBe(false);
    expect(judge('3', 'yan:b.test')).toBe(true);
  });
  it('is for the same room and the named event only', () => {
    expect(judge('11', 'bob', 'r', { roomId: '!other:a.test' })).toBe(false);
    expect(judge('11', 'bob', 'r', { redacts: 'other' })).toBe(false);
  });
});
