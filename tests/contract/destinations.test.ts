import { expect, it } from 'vitest';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import type { Database } from '../../src/storage/database.ts';
import {
  countDestinations,
  type DestinationTrouble,
  findDestination,
  listDestinations,
  saveDestinationContacts,
  saveDestinationTrouble,
} from '../../src/storage/stores/destinations.ts';
import { describeOnBothEngines } from '../harness/databases.ts';

const name = (text: string) => parseServerName(`${text}.test`);
const troubleOf = (text: string, changes: Partial<DestinationTrouble> = {}): DestinationTrouble => ({
  serverName: name(text),
  stage: 'tls',
  reason: 'expired \u0000 \u{1f600}',
  sinceTs: 10,
  lastFailureTs: 20,
  failures: 3,
  retryTs: 30,
  goneTs: null,
  ...changes,
});
const contactOf = (text: string, changes: object = {}) => ({
  serverName: name(text),
  successTs: null,
  heardTs: null,
  endsTrouble: false,
  ...changes,
});

describeOnBothEngines('destinations', (open) => {
  const find = (db: Database, text: string) => db.read((tx) => findDestination(tx, name(text)));

  it('keeps trouble as it was last told, and ends it', async () => {
    const db = await open();
    expect(await find(db, 'a')).toBeUndefined();
    await db.write(saveDestinationTrouble, troubleOf('a', { failures: 1 }));
    await db.write(saveDestinationTrouble, troubleOf('a'));
    expect(await find(db, 'a')).toEqual({
      serverName: name('a'),
      trouble: troubleOf('a'),
      lastSuccessTs: null,
      heardTs: null,
    });
    await db.write(saveDestinationContacts, [contactOf('a', { heardTs: 40 })]);
    expect(await find(db, 'a')).toMatchObject({ trouble: troubleOf('a'), heardTs: 40 });
    await db.write(saveDestinationContacts, [
      contactOf('a', { successTs: 50, endsTrouble: true }),
      contactOf('b', { heardTs: 51, endsTrouble: true }),
    ]);
    expect(await find(db, 'a')).toEqual({ serverName: name('a'), trouble: null, lastSuccessTs: 50, heardTs: 40 });
    expect(await find(db, 'b')).toEqual({ serverName: name('b'), trouble: null, lastSuccessTs: null, heardTs: 51 });
    await db.write(saveDestinationTrouble, troubleOf('a', { failures: 1 }));
    expect(await find(db, 'a')).toMatchObject({ trouble: { failures: 1 }, lastSuccessTs: 50, heardTs: 40 });
  });

  it('lists by name and state, a page at a time, and counts', async () => {
    const db = await open();
    await db.write(saveDestinationContacts, [contactOf('a'), contactOf('d')]);
    await db.write(saveDestinationTrouble, troubleOf('b'));
    await db.write(saveDestinationTrouble, troubleOf('c', { goneTs: 7, retryTs: null }));
    const list = async (after: string, limit: number, state?: 'well' | 'failing' | 'gone') =>
      (await db.read((tx) => listDestinations(tx, { after, limit, state }))).map(({ serverName }) => serverName[0]);
    expect(await list('', 9)).toEqual(['a', 'b', 'c', 'd']);
    expect(await list('a.test', 2)).toEqual(['b', 'c']);
    expect(await list('', 9, 'well')).toEqual(['a', 'd']);
    expect(await list('', 9, 'failing')).toEqual(['b']);
    expect(await list('', 9, 'gone')).toEqual(['c']);
    expect(await db.read(countDestinations)).toEqual({ well: 2, failing: 1, gone: 1 });
    expect((await find(db, 'c'))?.trouble).toMatchObject({ goneTs: 7, retryTs: null });
  });
});
