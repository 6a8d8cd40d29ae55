// Accounts, rooms and memberships for the contract tests of accounts.

import type { UserId } from '../../../src/protocol/ids/branded.ts';
import type { Database } from '../../../src/storage/database.ts';
import { createAccount, type NewAccount } from '../../../src/storage/stores/accounts.ts';
import { startSession, type TokenPair } from '../../../src/storage/stores/session-tokens.ts';

export const NOW = 1_700_000_000_000;

export const userId = (localpart: string): UserId => `@${localpart}:here.test` as UserId;

export const makeAccount = (db: Database, localpart: string, given: Partial<NewAccount> = {}): Promise<number> =>
  db.write(createAccount, {
    userId: userId(localpart),
    passwordHash: 'hash',
    isGuest: false,
    isAdmin: false,
    appservice: null,
    displayname: null,
    termsVersion: null,
    registrationToken: null,
    now: NOW,
    ...given,
  });

export const hashOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

export const pair = (byte: number, given: Partial<TokenPair> = {}): TokenPair => ({
  accessHash: hashOf(byte),
  accessExpiresTs: null,
  refreshHash: hashOf(byte + 100),
  refreshExpiresTs: null,
  ...given,
});

export const login = (db: Database, user: number, deviceId: string, tokens: TokenPair): Promise<number> =>
  db.write(startSession, { user, deviceId, displayName: `name of ${deviceId}`, pair: tokens, now: NOW });
