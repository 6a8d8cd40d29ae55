import { expect, it } from 'vitest';
import { findAccount, listAccounts, upgradeGuest } from '../../../src/storage/stores/accounts.ts';
import {
  createRegistrationToken,
  deleteRegistrationToken,
  findRegistrationToken,
  isRegistrationTokenValid,
  listRegistrationTokens,
  updateRegistrationToken,
} from '../../../src/storage/stores/registration-tokens.ts';
import { addShortToken, openidTokenUser, takeShortToken } from '../../../src/storage/stores/short-tokens.ts';
import {
  completeUiaStage,
  endUiaSession,
  findUiaSession,
  saveUiaSession,
} from '../../../src/storage/stores/uia-sessions.ts';
import { describeOnBothEngines } from '../../harness/databases.ts';
import { hashOf, makeAccount, NOW, userId } from './fixtures.ts';

describeOnBothEngines('registration', (open) => {
  it('makes an account once and finds it by its id', async () => {
    const db = await open();
    const user = await makeAccount(db, 'bob');
    await expect(makeAccount(db, 'bob')).rejects.toMatchObject({ status: 400, errcode: 'M_USER_IN_USE' });
    expect(await db.read((tx) => findAccount(tx, userId('bob')))).toMatchObject({
      user,
      passwordHash: 'hash',
      isGuest: 0,
    });
    expect(await db.read((tx) => findAccount(tx, userId('nobody')))).toBeUndefined();
    await makeAccount(db, 'alice');
    await makeAccount(db, 'carol');
    const names = async (after: string, limit: number) =>
      (await db.read((tx) => listAccounts(tx, after, limit))).map((account) => account.userId);
    expect(await names('', 2)).toEqual([userId('alice'), userId('bob')]);
    expect(await names(userId('bob'), 9)).toEqual([userId('carol')]);
  });

  it('counts the uses of a registration token with the accounts, never past the limit', async () => {
    const db = await open();
    const token = 'once';
    expect(await db.write(createRegistrationToken, { token, usesMax: 1, expiresTs: null, now: NOW })).toBe(true);
    expect(await db.write(createRegistrationToken, { token, usesMax: 9, expiresTs: null, now: NOW })).toBe(false);
    const isValid = () => db.read((tx) => isRegistrationTokenValid(tx, token, NOW));
    expect(await isValid()).toBe(true);
    const made = await Promise.allSettled([
      makeAccount(db, 'a', { registrationToken: token }),
      makeAccount(db, 'b', { registrationToken: token }),
    ]);
    expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await isValid()).toBe(false);
    expect(await db.read((tx) => listAccounts(tx, '', 9))).toHaveLength(1);
    expect(await db.read((tx) => findRegistrationToken(tx, token))).toMatchObject({ uses: 1, usesMax: 1 });
    expect(await db.write(updateRegistrationToken, { token, usesMax: null, expiresTs: NOW })).toBe(true);
    expect(await isValid()).toBe(false);
    await db.write(updateRegistrationToken, { token, usesMax: null, expiresTs: NOW + 1 });
    expect(await isValid()).toBe(true);
    expect(await db.read(listRegistrationTokens)).toHaveLength(1);
    expect(await db.write(deleteRegistrationToken, token)).toBe(true);
    expect(await db.write(deleteRegistrationToken, token)).toBe(false);
  });

  it('upgrades a guest once', async () => {
    const db = await open();
    const user = await makeAccount(db, 'guest', { isGuest: true, passwordHash: null });
    const upgrade = { user, userId: userId('guest'), passwordHash: 'new', registrationToken: null, now: NOW };
    await db.write(upgradeGuest, upgrade);
    expect(await db.read((tx) => findAccount(tx, userId('guest')))).toMatchObject({ isGuest: 0, passwordHash: 'new' });
    await expect(db.write(upgradeGuest, upgrade)).rejects.toMatchObject({ errcode: 'M_USER_IN_USE' });
  });

  it('takes a short token once, for its purpose, in time', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    const add = (byte: number, purpose: 'login' | 'openid' | 'nonce', expiresTs: number, now = NOW) =>
      db.write(addShortToken, { hash: hashOf(byte), purpose, user, expiresTs, now });
    const take = (byte: number, now = NOW) => db.write(takeShortToken, { hash: hashOf(byte), purpose: 'login', now });
    await add(1, 'login', NOW + 1);
    expect(await take(1)).toBe(user);
    expect(await take(1)).toBeUndefined();
    await add(2, 'login', NOW + 1);
    expect(await take(2, NOW + 1)).toBeUndefined();
    await add(3, 'openid', NOW + 1);
    expect(await take(3)).toBeUndefined();
    expect(await db.read((tx) => openidTokenUser(tx, hashOf(3), NOW))).toBe(userId('alice'));
    expect(await db.read((tx) => openidTokenUser(tx, hashOf(3), NOW + 1))).toBeUndefined();
    // Adding sweeps what has expired.
    await add(4, 'openid', NOW + 9, NOW + 1);
    expect(await db.read((tx) => openidTokenUser(tx, hashOf(3), NOW))).toBeUndefined();
  });

  it('keeps sessions of interactive authentication for a while, and ends each once', async () => {
    const db = await open();
    const session = { operation: ' POST /register', parameters: null, completed: {}, createdTs: NOW };
    const save = (byte: number, changes: object, oldestTs = NOW) =>
      db.write(saveUiaSession, { hash: hashOf(byte), session: { ...session, ...changes }, oldestTs });
    const find = (byte: number) => db.read((tx) => findUiaSession(tx, hashOf(byte)));
    await save(1, {});
    expect(await find(1)).toEqual(session);
    expect(await db.write(completeUiaStage, { hash: hashOf(1), stage: 'a', proof: 'p' })).toEqual({ a: 'p' });
    expect(await db.write(completeUiaStage, { hash: hashOf(1), stage: 'b', proof: '' })).toEqual({ a: 'p', b: '' });
    expect(await db.write(completeUiaStage, { hash: hashOf(9), stage: 'b', proof: '' })).toBeUndefined();
    // Parameters may come later; what is completed stays.
    await save(1, { parameters: hashOf(7) });
    expect(await find(1)).toMatchObject({ parameters: hashOf(7), completed: { a: 'p', b: '' } });
    await save(2, { createdTs: NOW + 5 }, NOW + 1);
    expect(await find(1)).toBeUndefined();
    expect(await db.write(endUiaSession, hashOf(2))).toBe(true);
    expect(await db.write(endUiaSession, hashOf(2))).toBe(false);
  });
});
