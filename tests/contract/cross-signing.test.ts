// Cross-signing keys and signatures: who may replace them, who may sign what, who sees which signature.

import { expect, test } from 'vitest';
import type { KeyOwner } from '../../src/e2ee/key-owner.ts';
import { queryLocalKeys } from '../../src/e2ee/query-keys.ts';
import { uploadCrossSigningKeys } from '../../src/e2ee/upload-cross-signing-keys.ts';
import { type DeviceKeys, uploadKeys } from '../../src/e2ee/upload-keys.ts';
import { uploadSignatures } from '../../src/e2ee/upload-signatures.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { Database } from '../../src/storage/database.ts';
import { createDevice } from '../../src/storage/stores/devices.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { crossSigningKey, deviceKeysOf, newKey, owner, type TestKey } from '../harness/e2ee-people.ts';

interface Identity {
  readonly master: TestKey;
  readonly selfSigning: TestKey;
  readonly userSigning: TestKey;
}

const newIdentity = (): Identity => ({ master: newKey(), selfSigning: newKey(), userSigning: newKey() });

const uploadOf = ({ userId }: KeyOwner, { master, selfSigning, userSigning }: Identity) => ({
  master: crossSigningKey(userId, 'master', master),
  self_signing: master.sign(crossSigningKey(userId, 'self_signing', selfSigning), userId),
  user_signing: master.sign(crossSigningKey(userId, 'user_signing', userSigning), userId),
});

const upload = (database: Database, who: KeyOwner, keys: object, isAuthenticated = false) =>
  uploadCrossSigningKeys(database, { user: who.user, userId: who.userId, isAuthenticated }, keys);

/** A user with a device that has keys, and with cross-signing keys. */
const person = async (database: Database, name: string) => {
  const who = await owner(database, name);
  const device = newKey();
  const deviceKeys = deviceKeysOf(who, device);
  const nothing = { oneTimeKeys: {}, fallbackKeys: {} };
  await uploadKeys(database, who, { ...nothing, deviceKeys: deviceKeys as DeviceKeys });
  const identity = newIdentity();
  expect(await upload(database, who, uploadOf(who, identity))).toBe('stored');
  return { ...who, ...identity, deviceKey: device, deviceKeys };
};

const query = (database: Database, observer: KeyOwner | undefined, ...users: KeyOwner[]) =>
  queryLocalKeys(database, new Map(users.map(({ userId }) => [userId, []])), observer);

const changesOf = (database: Database, { user }: KeyOwner): Promise<unknown[]> =>
  database.read((tx) => tx.all('SELECT position FROM device_list_changes WHERE user_nid = ?', user));

const observed = (database: Database, observer: KeyOwner, { user }: KeyOwner): Promise<unknown[]> =>
  database.read((tx) =>
    tx.all('SELECT position FROM signature_changes WHERE observer = ? AND user_nid = ?', observer.user, user),
  );

describeOnBothEngines('cross-signing keys', (open) => {
  test('the first ones need no authentication, the same ones again neither, others do', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const first = newIdentity();
    expect(await upload(database, alice, uploadOf(alice, first))).toBe('stored');
    const changes = await changesOf(database, alice);
    expect(changes).toHaveLength(1);
    expect(await upload(database, alice, uploadOf(alice, first))).toBe('stored');
    expect(await changesOf(database, alice)).toEqual(changes);

    const second = newIdentity();
    expect(await upload(database, alice, uploadOf(alice, second))).toBe('unauthenticated');
    const onlyNewSelfSigning = uploadOf(alice, { ...first, selfSigning: newKey() });
    expect(await upload(database, alice, onlyNewSelfSigning)).toBe('unauthenticated');
    const before = await query(database, alice, alice);
    expect(Object.keys(before.master_keys[alice.userId]!.keys as object)).toEqual([
      `ed25519:${first.master.publicKey}`,
    ]);

    expect(await upload(database, alice, uploadOf(alice, second), true)).toBe('stored');
    const after = await query(database, alice, alice);
    expect(after.master_keys[alice.userId]).toEqual({ ...uploadOf(alice, second).master });
    expect(await changesOf(database, alice)).toHaveLength(2);
  });

  test('of two first uploads at the same time one needs authentication', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => upload(database, alice, uploadOf(alice, newIdentity()))),
    );
    expect(outcomes.toSorted()).toEqual(['stored', 'unauthenticated', 'unauthenticated', 'unauthenticated']);
  });

  test('the user-signing key is shown to its owner alone', async () => {
    const database = await open();
    const alice = await person(database, 'alice');
    const bob = await person(database, 'bob');
    const own = await query(database, alice, alice, bob);
    expect(Object.keys(own.user_signing_keys)).toEqual([alice.userId]);
    expect(Object.keys(own.self_signing_keys)).toEqual([alice.userId, bob.userId]);
    expect((await query(database, undefined, alice)).user_signing_keys).toEqual({});
  });

  test('malformed and unsigned keys are refused', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const bob = await owner(database, 'bob');
    const identity = newIdentity();
    const good = uploadOf(alice, identity);
    const refused = (keys: object, errcode: string) =>
      expect(upload(database, alice, keys)).rejects.toMatchObject({ status: 400, errcode });
    await refused({ self_signing: good.self_signing }, 'M_MISSING_PARAM');
    await refused({ ...good, self_signing: uploadOf(alice, newIdentity()).self_signing }, 'M_INVALID_SIGNATURE');
    await refused({ ...good, user_signing: { ...good.user_signing, signatures: {} } }, 'M_INVALID_SIGNATURE');
    await refused({ master: uploadOf(bob, identity).master }, 'M_INVALID_PARAM');
    await refused({ master: good.self_signing }, 'M_INVALID_PARAM');
    await refused({ master: { ...good.master, keys: {} } }, 'M_INVALID_PARAM');
    await refused({ master: { ...good.master, keys: { 'ed25519:AAAA': 'AAAA' } } }, 'M_INVALID_PARAM');
    expect((await query(database, alice, alice)).master_keys).toEqual({});
  });

  test('are not named like a device, nor a device like them', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const identity = newIdentity();
    await owner(database, 'alice', identity.selfSigning.publicKey);
    await expect(upload(database, alice, uploadOf(alice, identity))).rejects.toMatchObject({
      status: 403,
      errcode: 'M_FORBIDDEN',
    });
    const stored = newIdentity();
    await upload(database, alice, uploadOf(alice, stored));
    const device = { user: alice.user, deviceId: stored.master.publicKey, displayName: null, now: 1 };
    await expect(database.write(createDevice, device)).rejects.toMatchObject({ status: 403, errcode: 'M_FORBIDDEN' });
  });
});

describeOnBothEngines('signatures on keys', (open) => {
  const signedDevice = (alice: Awaited<ReturnType<typeof person>>, key: TestKey): JsonObject =>
    key.sign(alice.deviceKeys, alice.userId);

  test('the self-signing key signs own devices, for everybody to see', async () => {
    const database = await open();
    const alice = await person(database, 'alice');
    const bob = await person(database, 'bob');
    const signed = signedDevice(alice, alice.selfSigning);
    const before = await changesOf(database, alice);
    expect(await uploadSignatures(database, alice, { [alice.userId]: { DEVICE: signed } })).toEqual({});
    expect(await changesOf(database, alice)).toHaveLength(before.length + 1);
    // The same again is nothing new.
    expect(await uploadSignatures(database, alice, { [alice.userId]: { DEVICE: signed } })).toEqual({});
    expect(await changesOf(database, alice)).toHaveLength(before.length + 1);
    const shown = (await query(database, bob, alice)).device_keys[alice.userId]!.DEVICE!;
    expect(shown).toEqual({
      ...alice.deviceKeys,
      signatures: {
        [alice.userId]: {
          ...(alice.deviceKeys.signatures as Record<string, JsonObject>)[alice.userId],
          ...(signed.signatures as Record<string, JsonObject>)[alice.userId],
        },
      },
      unsigned: { device_display_name: "alice's phone" },
    });
  });

  test('the user-signing key signs others’ master keys, for the signer alone to see', async () => {
    const database = await open();
    const alice = await person(database, 'alice');
    const bob = await person(database, 'bob');
    const carol = await person(database, 'carol');
    const master = crossSigningKey(bob.userId, 'master', bob.master);
    const signed = alice.userSigning.sign(master, alice.userId);
    const before = await changesOf(database, bob);
    const upload = { [bob.userId]: { [bob.master.publicKey]: signed } };
    expect(await uploadSignatures(database, alice, upload)).toEqual({});
    expect((await query(database, alice, bob)).master_keys[bob.userId]!.signatures).toEqual(signed.signatures);
    for (const other of [bob, carol, undefined]) {
      expect((await query(database, other, bob)).master_keys[bob.userId]).toEqual(master);
    }
    expect(await changesOf(database, bob)).toEqual(before);
    expect(await observed(database, alice, bob)).toHaveLength(1);
    expect(await observed(database, carol, bob)).toEqual([]);
  });

  test('a device signs the own master key', async () => {
    const database = await open();
    const alice = await person(database, 'alice');
    const bob = await person(database, 'bob');
    const signed = alice.deviceKey.sign(
      crossSigningKey(alice.userId, 'master', alice.master),
      alice.userId,
      'ed25519:DEVICE',
    );
    const upload = { [alice.userId]: { [alice.master.publicKey]: signed } };
    expect(await uploadSignatures(database, alice, upload)).toEqual({});
    expect((await query(database, bob, alice)).master_keys[alice.userId]).toEqual(signed);
  });

  test('what fails is named, what is right is kept', async () => {
    const database = await open();
    const alice = await person(database, 'alice');
    const bob = await person(database, 'bob');
    const good = signedDevice(alice, alice.selfSigning);
    const bobMaster = crossSigningKey(bob.userId, 'master', bob.master);
    const failures = await uploadSignatures(database, alice, {
      [alice.userId]: {
        DEVICE: good,
        UNKNOWN: good,
        [alice.master.publicKey]: alice.selfSigning.sign(
          crossSigningKey(alice.userId, 'master', alice.master),
          alice.userId,
        ),
      },
      [bob.userId]: {
        // A device of somebody else is not for Alice to sign.
        DEVICE: alice.userSigning.sign(bob.deviceKeys, alice.userId),
        [bob.master.publicKey]: alice.userSigning.sign({ ...bobMaster, usage: ['master', 'more'] }, alice.userId),
      },
      '@nobody:kintsugi.test': { X: good },
      'not a user': { X: good },
    });
    expect(failures).toEqual({
      [alice.userId]: {
        UNKNOWN: { errcode: 'M_NOT_FOUND', error: expect.any(String) },
        [alice.master.publicKey]: { errcode: 'M_INVALID_SIGNATURE', error: expect.any(String) },
      },
      [bob.userId]: {
        DEVICE: { errcode: 'M_NOT_FOUND', error: expect.any(String) },
        [bob.master.publicKey]: { errcode: 'M_INVALID_SIGNATURE', error: expect.any(String) },
      },
      '@nobody:kintsugi.test': { X: { errcode: 'M_NOT_FOUND', error: expect.any(String) } },
      'not a user': { X: { errcode: 'M_NOT_FOUND', error: expect.any(String) } },
    });
    const shown = (await query(database, bob, alice)).device_keys[alice.userId]!.DEVICE!;
    expect(shown.signatures).toMatchObject(good.signatures as object);
  });

  test('a forged signature is refused', async () => {
    const database = await open();
    const alice = await person(database, 'alice');
    const forged = newKey().sign(alice.deviceKeys, alice.userId, `ed25519:${alice.selfSigning.publicKey}`);
    expect(await uploadSignatures(database, alice, { [alice.userId]: { DEVICE: forged } })).toEqual({
      [alice.userId]: { DEVICE: { errcode: 'M_INVALID_SIGNATURE', error: expect.any(String) } },
    });
  });

  test('signatures go with the key that made them and with the key they sign', async () => {
    const database = await open();
    const alice = await person(database, 'alice');
    const bob = await person(database, 'bob');
    await uploadSignatures(database, alice, {
      [alice.userId]: { DEVICE: signedDevice(alice, alice.selfSigning) },
      [bob.userId]: {
        [bob.master.publicKey]: alice.userSigning.sign(crossSigningKey(bob.userId, 'master', bob.master), alice.userId),
      },
    });
    expect(await upload(database, alice, uploadOf(alice, newIdentity()), true)).toBe('stored');
    const left = await database.read((tx) => tx.all('SELECT 1 FROM key_signatures'));
    expect(left).toEqual([]);
    expect((await query(database, alice, bob)).master_keys[bob.userId]!.signatures).toBeUndefined();
  });
});
