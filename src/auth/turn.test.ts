import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { manualClock } from '../lib/manual-clock.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { createTurn, type TurnConfig } from './turn.ts';

const clock = manualClock(1_700_000_000_500);
const alice = { userId: '@alice:here.test' as UserId, isGuest: false };
const uris = ['turn:turn.here.test?transport=udp'];
const open = (config: Partial<TurnConfig>) =>
  createTurn({ clock, config: { uris, lifetimeMs: 3_600_000, guests: false, ...config } });

test('a user gets credentials that end, which the TURN server can check', () => {
  const username = '1700003600:@alice:here.test';
  const password = createHmac('sha1', 'secret').update(username).digest('base64');
  expect(open({ sharedSecret: 'secret' }).turnServer(alice)).toEqual({ username, password, ttl: 3600, uris });
});

test('or those of everybody', () => {
  const shared = open({ username: 'all', password: 'pass' });
  expect(shared.turnServer(alice)).toEqual({ username: 'all', password: 'pass', ttl: 3600, uris });
});

test('nothing without a server or credentials, and for guests only where they may', () => {
  expect(open({ uris: [], sharedSecret: 'secret' }).turnServer(alice)).toBeUndefined();
  expect(open({ username: 'all' }).turnServer(alice)).toBeUndefined();
  const guest = { ...alice, isGuest: true };
  expect(open({ sharedSecret: 'secret' }).turnServer(guest)).toBeUndefined();
  expect(open({ sharedSecret: 'secret', guests: true }).turnServer(guest)).toMatchObject({ ttl: 3600 });
  expect(createTurn({ clock, config: undefined }).turnServer(alice)).toBeUndefined();
});
