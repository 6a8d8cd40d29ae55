import { expect, it } from 'vitest';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import type { Database } from '../../src/storage/database.ts';
import {
  acceptServerKey,
  countKeyConflicts,
  keyConflictsOf,
  listKeyConflicts,
} from '../../src/storage/stores/server-key-conflicts.ts';
import {
  keyDocumentsOf,
  type SeenKeyDocument,
  type SeenServerKey,
  saveServerKeys,
  serverKeysOf,
  serverKeysOfAll,
} from '../../src/storage/stores/server-keys.ts';
import { describeOnBothEngines } from '../harness/databases.ts';

const a = parseServerName('a.test');
const notary = parseServerName('notary.test');
const key = (id: string, publicKey = `key of ${id}`, expiredTs: number | null = null): SeenServerKey => ({
  keyId: `ed25519:${id}`,
  publicKey,
  expiredTs,
});
const document = (
  keys: readonly SeenServerKey[],
  validUntilTs: number,
  changes: Partial<SeenKeyDocument> = {},
): SeenKeyDocument => ({
  serverName: a,
  keys,
  validUntilTs,
  text: `{"valid_until_ts":${validUntilTs}}`,
  source: a,
  fetchedTs: 1,
  ...changes,
});

describeOnBothEngines('server keys', (open) => {
  const save = (db: Database, ...documents: SeenKeyDocument[]) => db.write(saveServerKeys, documents);
  const keys = async (db: Database) =>
    (await db.read((tx) => serverKeysOf(tx, a))).map(({ keyId, publicKey, validUntilTs, expiredTs }) => [
      keyId.slice(8),
      publicKey,
      validUntilTs,
      expiredTs,
    ]);
  const texts = async (db: Database) =>
    (await db.read((tx) => keyDocumentsOf(tx, [a, notary]))).map(({ text }) => JSON.parse(text).valid_until_ts);

  it('keeps the first key of an id, and the longest promise of its validity', async () => {
    const db = await open();
    expect(await save(db, document([key('1'), key('old', 'o', 50)], 100))).toMatchObject({
      keys: [{ keyId: 'ed25519:1', validUntilTs: 100, expiredTs: null }, { expiredTs: 50 }],
      refused: [],
    });
    await save(db, document([key('1')], 200));
    // A document that promises less takes nothing back, and is not what others are shown.
    await save(db, document([key('1')], 150));
    expect(await keys(db)).toEqual([
      ['1', 'key of 1', 200, null],
      ['old', 'o', 100, 50],
    ]);
    expect(await texts(db)).toEqual([100, 200]);
    expect(await db.read((tx) => serverKeysOfAll(tx, [a, notary]))).toHaveLength(2);
    expect(await db.read((tx) => serverKeysOfAll(tx, []))).toEqual([]);
  });

  it('lets the server retire its keys at once, a notary only with a newer document', async () => {
    const db = await open();
    await save(db, document([key('1')], 200));
    const retired = [key('1', 'key of 1', 90)];
    await save(db, document(retired, 150, { source: notary }));
    expect(await keys(db)).toEqual([['1', 'key of 1', 200, null]]);
    await save(db, document(retired, 150));
    expect(await keys(db)).toEqual([['1', 'key of 1', 200, 90]]);
    await save(db, document([key('1')], 160, { source: notary }));
    expect(await keys(db)).toEqual([['1', 'key of 1', 200, 90]]);
    await save(db, document([key('1')], 300, { source: notary }));
    expect(await keys(db)).toEqual([['1', 'key of 1', 300, null]]);
  });

  it('refuses another key under a known id, records it, and takes the rest of the document', async () => {
    const db = await open();
    await save(db, document([key('1')], 100));
    const saved = await save(db, document([key('1', 'forged'), key('2')], 200, { source: notary, fetchedTs: 5 }));
    expect(saved.keys.map(({ keyId }) => keyId)).toEqual(['ed25519:2']);
    expect(saved.refused).toEqual([
      {
        serverName: a,
        keyId: 'ed25519:1',
        publicKey: 'forged',
        keptPublicKey: 'key of 1',
        source: notary,
        isKnown: false,
      },
    ]);
    expect(await texts(db)).toEqual([100]);
    const again = await save(db, document([key('1', 'forged')], 300, { fetchedTs: 9 }));
    expect(again.refused).toMatchObject([{ isKnown: true }]);
    const conflict = {
      serverName: a,
      keyId: 'ed25519:1',
      keptPublicKey: 'key of 1',
      refusedPublicKey: 'forged',
      source: a,
      firstSeenTs: 5,
      lastSeenTs: 9,
      times: 2,
    };
    expect(await db.read((tx) => keyConflictsOf(tx, a))).toEqual([conflict]);
    expect(await db.read((tx) => listKeyConflicts(tx, 9))).toEqual([conflict]);
    expect(await db.read(countKeyConflicts)).toBe(1);
    expect((await keys(db))[0]).toEqual(['1', 'key of 1', 100, null]);
  });

  it('takes a refused key when the operator says so, and only such a one', async () => {
    const db = await open();
    await save(db, document([key('1')], 100));
    await save(db, document([key('1', 'new')], 200));
    const accept = (publicKey: string) => db.write(acceptServerKey, { serverName: a, keyId: 'ed25519:1', publicKey });
    expect(await accept('other')).toBe(false);
    expect(await accept('new')).toBe(true);
    expect(await accept('new')).toBe(false);
    expect(await keys(db)).toEqual([['1', 'new', 0, null]]);
    expect(await save(db, document([key('1', 'new')], 300))).toMatchObject({ refused: [] });
    expect(await keys(db)).toEqual([['1', 'new', 300, null]]);
    expect(await texts(db)).toEqual([300]);
  });

  it('bounds the keys of one server', async () => {
    const db = await open();
    const many = (from: number) => Array.from({ length: 300 }, (_, index) => key(String(from + index)));
    await save(db, document(many(0), 100));
    expect((await save(db, document(many(300), 100))).keys).toHaveLength(200);
    expect(await keys(db)).toHaveLength(500);
    expect((await save(db, document(many(0), 400))).keys).toHaveLength(300);
  });
});
