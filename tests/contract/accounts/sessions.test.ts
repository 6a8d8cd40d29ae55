import { expect, it } from 'vitest';
import type { Database } from '../../../src/storage/database.ts';
import { deactivateAccount, findAccount, setAccountFlags } from '../../../src/storage/stores/accounts.ts';
import { deleteDevices } from '../../../src/storage/stores/device-removal.ts';
import {
  createDevice,
  deviceIdsOf,
  devicesOf,
  findDevice,
  inactiveDevices,
  noteDevicesSeen,
  renameDevice,
} from '../../../src/storage/stores/devices.ts';
import {
  findSession,
  refreshSession,
  settleRefresh,
  startSession,
} from '../../../src/storage/stores/session-tokens.ts';
import { describeOnBothEngines } from '../../harness/databases.ts';
import { hashOf, login, makeAccount, NOW, pair, userId } from './fixtures.ts';

const sessionOf = (db: Database, byte: number) => db.read((tx) => findSession(tx, hashOf(byte)));

describeOnBothEngines('sessions and devices', (open) => {
  it('gives the session behind an access token, with the standing of its account', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice', { isAdmin: true });
    const device = await login(db, user, 'PHONE', pair(1, { accessExpiresTs: NOW + 5 }));
    expect(await sessionOf(db, 1)).toMatchObject({
      user,
      userId: userId('alice'),
      device,
      deviceId: 'PHONE',
      accessExpiresTs: NOW + 5,
      predecessor: null,
      isAdmin: 1,
      isGuest: 0,
      isLocked: 0,
      lastSeenTs: null,
    });
    expect(await sessionOf(db, 2)).toBeUndefined();
    await db.write(setAccountFlags, { user, flags: { isLocked: true, isAdmin: false } });
    expect(await sessionOf(db, 1)).toMatchObject({ isLocked: 1, isAdmin: 0, isSuspended: 0 });
  });

  it('ends the old tokens of a device that logs in again, and keeps the device with its name', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    const first = await login(db, user, 'PHONE', pair(1));
    const again = await db.write(startSession, {
      user,
      deviceId: 'PHONE',
      displayName: 'another name',
      pair: pair(2),
      now: NOW,
    });
    expect(again).toBe(first);
    expect(await sessionOf(db, 1)).toBeUndefined();
    expect(await sessionOf(db, 2)).toBeDefined();
    expect((await db.read((tx) => findDevice(tx, user, 'PHONE')))?.displayName).toBe('name of PHONE');
  });

  it('never gives the number of a removed device to another', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    const first = await login(db, user, 'A', pair(1));
    await db.write(deleteDevices, { user, deviceIds: ['A', 'unknown'] });
    expect(await sessionOf(db, 1)).toBeUndefined();
    expect(await login(db, user, 'B', pair(2))).toBeGreaterThan(first);
  });

  it('keeps the old pair until the new one is used, and then only the new one', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    await login(db, user, 'PHONE', pair(1));
    const refresh = (from: number, to: number) =>
      db.write(refreshSession, { refreshHash: hashOf(from + 100), pair: pair(to), now: NOW });
    await refresh(1, 2);
    expect(await sessionOf(db, 1)).toBeDefined();
    // The answer was lost: the same refresh token gives another pair, and the lost one is void.
    await refresh(1, 3);
    expect(await sessionOf(db, 2)).toBeUndefined();
    const fresh = await sessionOf(db, 3);
    expect(fresh?.predecessor).not.toBeNull();
    await db.write(settleRefresh, fresh!);
    expect(await sessionOf(db, 1)).toBeUndefined();
    expect((await sessionOf(db, 3))?.predecessor).toBeNull();
    await expect(refresh(1, 4)).rejects.toMatchObject({ status: 401, errcode: 'M_UNKNOWN_TOKEN' });
    // Using the new refresh token counts as using the new pair.
    await refresh(3, 5);
    await refresh(5, 6);
    expect(await sessionOf(db, 3)).toBeUndefined();
    expect(await sessionOf(db, 5)).toBeDefined();
  });

  it('tells an expired refresh token from an unknown one', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    await login(db, user, 'PHONE', pair(1, { refreshExpiresTs: NOW }));
    const expired = db.write(refreshSession, { refreshHash: hashOf(101), pair: pair(2), now: NOW });
    await expect(expired).rejects.toMatchObject({ fields: { soft_logout: true } });
    const unknown = db.write(refreshSession, { refreshHash: hashOf(50), pair: pair(2), now: NOW });
    await expect(unknown).rejects.toMatchObject({ fields: { soft_logout: false } });
  });

  it('tells processes of every change to a session through the user', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    await login(db, user, 'A', pair(1));
    const told: number[] = [];
    db.onCommit(({ changes }) => {
      for (const { audience } of changes) if ('user' in audience) told.push(audience.user);
    });
    const counts = async (change: Promise<unknown>): Promise<number> => {
      told.length = 0;
      await change;
      return told.filter((each) => each === user).length;
    };
    expect(await counts(login(db, user, 'A', pair(2)))).toBeGreaterThan(0);
    expect(await counts(db.write(deleteDevices, { user, deviceIds: ['A'] }))).toBeGreaterThan(0);
    expect(await counts(db.write(setAccountFlags, { user, flags: { isLocked: true } }))).toBeGreaterThan(0);
    await login(db, user, 'B', pair(3));
    expect(await counts(db.write(deactivateAccount, { user, erase: false, now: NOW }))).toBeGreaterThan(0);
  });

  it('lists, renames and notes devices, with any device id', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    const odd = 'nul\0 \ud800 \u0010';
    const { device, isNew } = await db.write(createDevice, { user, deviceId: odd, displayName: null, now: NOW });
    expect(isNew).toBe(true);
    expect((await db.write(createDevice, { user, deviceId: odd, displayName: null, now: NOW })).isNew).toBe(false);
    await login(db, user, 'B', pair(1));
    expect(await db.read((tx) => deviceIdsOf(tx, user))).toEqual([odd, 'B']);
    expect(await db.write(renameDevice, { user, deviceId: odd, displayName: 'n\0' })).toBe(true);
    expect(await db.write(renameDevice, { user, deviceId: 'C', displayName: 'n' })).toBe(false);
    const agent = 'agent';
    await db.write(noteDevicesSeen, [
      { device, ts: NOW + 1, address: '192.0.2.1', agent },
      { device: 999_999, ts: NOW, address: '', agent: null },
    ]);
    expect((await db.read((tx) => devicesOf(tx, user)))[0]).toEqual({
      device,
      deviceId: odd,
      displayName: 'n\0',
      lastSeenTs: NOW + 1,
      lastSeenAddress: '192.0.2.1',
      lastSeenAgent: agent,
    });
    expect(await db.read((tx) => inactiveDevices(tx, NOW + 1, 10))).toEqual([{ user, deviceId: 'B' }]);
  });

  it('deactivates once, keeps the name taken and nothing else', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    await login(db, user, 'A', pair(1));
    expect(await db.write(deactivateAccount, { user, erase: true, now: NOW })).toEqual(['A']);
    expect(await db.write(deactivateAccount, { user, erase: true, now: NOW })).toBeUndefined();
    expect(await sessionOf(db, 1)).toBeUndefined();
    expect(await db.read((tx) => findAccount(tx, userId('alice')))).toMatchObject({
      passwordHash: null,
      deactivatedTs: NOW,
      isErased: 1,
    });
    await expect(makeAccount(db, 'alice')).rejects.toMatchObject({ errcode: 'M_USER_IN_USE' });
    await expect(login(db, user, 'B', pair(2))).rejects.toMatchObject({ errcode: 'M_USER_DEACTIVATED' });
  });
});
