// One-time and fallback keys: each given to one claimant only, in the order of their upload.

import { expect, test } from 'vitest';
import type { Database } from '../../src/storage/database.ts';
import { uploadKeys } from '../../src/storage/stores/device-keys.ts';
import {
  claimKeys,
  oneTimeKeyCounts,
  oneTimeKeysMax,
  type UploadedKey,
  unusedFallbackKeyTypes,
} from '../../src/storage/stores/one-time-keys.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { owner } from '../harness/e2ee-people.ts';

const algorithm = 'signed_curve25519';
const key = (keyId: string, content = `"key ${keyId}"`): UploadedKey => ({ algorithm, keyId, content });

const upload = (database: Database, device: Awaited<ReturnType<typeof owner>>, keys: readonly UploadedKey[]) =>
  database.write(uploadKeys, { ...device, oneTimeKeys: keys, fallbackKeys: [] });

const uploadFallback = (database: Database, device: Awaited<ReturnType<typeof owner>>, fallback: UploadedKey) =>
  database.write(uploadKeys, { ...device, oneTimeKeys: [], fallbackKeys: [fallback] });

const claim = async (database: Database, device: number): Promise<string | undefined> => {
  const [claimed] = await database.write(claimKeys, [{ device, algorithm }]);
  return claimed?.keyId;
};

const numbered = (from: number, count: number): UploadedKey[] =>
  Array.from({ length: count }, (_, index) => key(`K${from + index}`));

describeOnBothEngines('one-time keys', (open) => {
  test('64 concurrent claims of 64 keys give each key once, then none', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await upload(database, alice, numbered(0, 64));
    const claimed = await Promise.all(Array.from({ length: 64 }, () => claim(database, alice.device)));
    expect(new Set(claimed).size).toBe(64);
    expect(claimed).not.toContain(undefined);
    expect(await claim(database, alice.device)).toBeUndefined();
  });

  test('64 concurrent claims of 40 keys give 40 of them a key and 24 nothing', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await upload(database, alice, numbered(0, 40));
    const claimed = await Promise.all(Array.from({ length: 64 }, () => claim(database, alice.device)));
    expect(claimed.filter((keyId) => keyId === undefined)).toHaveLength(24);
    expect(new Set(claimed).size).toBe(41);
  });

  test('keys uploaded while others are claimed are never given twice', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const work: Promise<string | undefined>[] = [];
    for (let round = 0; round < 8; round++) {
      const uploaded = upload(database, alice, numbered(round * 8, 8)).then(() => undefined);
      work.push(uploaded, ...Array.from({ length: 8 }, () => claim(database, alice.device)));
    }
    const during = (await Promise.all(work)).filter((keyId) => keyId !== undefined);
    const after: string[] = [];
    for (let keyId = await claim(database, alice.device); keyId; keyId = await claim(database, alice.device)) {
      after.push(keyId);
    }
    expect([...during, ...after].toSorted()).toEqual(
      numbered(0, 64)
        .map(({ keyId }) => keyId)
        .toSorted(),
    );
  });

  test('keys are claimed in the order of their uploads, whatever they are called', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await upload(database, alice, [key('Z')]);
    await upload(database, alice, [key('A')]);
    await upload(database, alice, [key('M')]);
    expect(await claim(database, alice.device)).toBe('Z');
    await upload(database, alice, [key('B')]);
    expect(await claim(database, alice.device)).toBe('A');
    expect(await claim(database, alice.device)).toBe('M');
    expect(await claim(database, alice.device)).toBe('B');
  });

  test('an upload that is repeated after a claim does not bring the claimed key back', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await upload(database, alice, [key('A'), key('B')]);
    await claim(database, alice.device);
    expect(await upload(database, alice, [key('A'), key('B')])).toEqual({ [algorithm]: 1 });
    expect(await claim(database, alice.device)).toBe('B');
    expect(await claim(database, alice.device)).toBeUndefined();
  });

  test('another key under the id of an unclaimed one is refused, and nothing of its upload is kept', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await upload(database, alice, [key('A')]);
    await expect(upload(database, alice, [key('B'), key('A', '"other"')])).rejects.toMatchObject({
      status: 400,
      errcode: 'M_UNKNOWN',
      message: expect.stringMatching(/^One time key signed_curve25519:A already exists\. Old key: .+; new key: .+$/),
    });
    expect(await database.read((tx) => oneTimeKeyCounts(tx, alice.device))).toEqual({ [algorithm]: 1 });
  });

  test('a device holds a bounded number of keys', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await upload(database, alice, numbered(0, oneTimeKeysMax));
    await expect(upload(database, alice, [key('more')])).rejects.toMatchObject({ errcode: 'M_TOO_LARGE' });
    await claim(database, alice.device);
    expect(await upload(database, alice, [key('more')])).toEqual({ [algorithm]: oneTimeKeysMax });
  });

  test('the count of the usual algorithm is there when it is zero', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    expect(await database.read((tx) => oneTimeKeyCounts(tx, alice.device))).toEqual({ [algorithm]: 0 });
  });

  test('a device that is gone is told so', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await expect(upload(database, { ...alice, device: 999_999 }, [key('A')])).rejects.toMatchObject({ status: 401 });
  });
});

describeOnBothEngines('fallback keys', (open) => {
  test('are given out when no one-time key is left, again and again, and count as used', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await upload(database, alice, [key('A')]);
    await uploadFallback(database, alice, key('F'));
    expect(await database.read((tx) => unusedFallbackKeyTypes(tx, alice.device))).toEqual([algorithm]);
    expect(await claim(database, alice.device)).toBe('A');
    expect(await database.read((tx) => unusedFallbackKeyTypes(tx, alice.device))).toEqual([algorithm]);
    expect(await claim(database, alice.device)).toBe('F');
    expect(await claim(database, alice.device)).toBe('F');
    expect(await database.read((tx) => unusedFallbackKeyTypes(tx, alice.device))).toEqual([]);
  });

  test('a repeated upload leaves a used one used, a new one replaces it', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await uploadFallback(database, alice, key('F'));
    await claim(database, alice.device);
    await uploadFallback(database, alice, key('F'));
    expect(await database.read((tx) => unusedFallbackKeyTypes(tx, alice.device))).toEqual([]);
    await uploadFallback(database, alice, key('G'));
    expect(await database.read((tx) => unusedFallbackKeyTypes(tx, alice.device))).toEqual([algorithm]);
    expect(await claim(database, alice.device)).toBe('G');
  });
});
