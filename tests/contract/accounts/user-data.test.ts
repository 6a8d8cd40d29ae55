import { expect, it } from 'vitest';
import { canonicalJson } from '../../../src/protocol/canonical-json/canonical-json.ts';
import type { Database } from '../../../src/storage/database.ts';
import {
  accountDataOf,
  accountDataOfType,
  accountDataSince,
  deleteTag,
  findAccountData,
  GLOBAL,
  ignoredUserIds,
  putAccountData,
  putTag,
  TAGS_MAX,
} from '../../../src/storage/stores/account-data.ts';
import { FILTERS_MAX, findFilter, storeFilter } from '../../../src/storage/stores/filters.ts';
import {
  deleteProfileField,
  PROFILE_SIZE_BYTES_MAX,
  profileFieldsOf,
  profileOf,
  putProfileField,
} from '../../../src/storage/stores/profiles.ts';
import { describeOnBothEngines } from '../../harness/databases.ts';
import { hashOf, makeAccount, userId } from './fixtures.ts';

const put = (db: Database, user: number, room: number, type: string, content: object) =>
  db.write(putAccountData, { user, room, type, content: JSON.stringify(content) });

describeOnBothEngines('user data', (open) => {
  it('keeps account data by room and type, and gives what changed between two positions', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    const first = await put(db, user, GLOBAL, 'a.type', { n: 1 });
    const second = await put(db, user, 7, 'a.type', { n: 2 });
    await put(db, user + 1, GLOBAL, 'a.type', { n: 3 });
    const third = await put(db, user, GLOBAL, 'a.type', { n: 4, text: '\0\ud800' });
    expect(third).toBeGreaterThan(second);
    expect(await db.read((tx) => findAccountData(tx, user, GLOBAL, 'a.type'))).toBe('{"n":4,"text":"\\u0000\\ud800"}');
    expect(await db.read((tx) => findAccountData(tx, user, 8, 'a.type'))).toBeUndefined();
    const since = (from: number, until: number) => db.read((tx) => accountDataSince(tx, user, from, until));
    expect((await since(0, third)).map(({ room }) => room)).toEqual([7, GLOBAL]);
    expect(await since(first, second)).toEqual([{ room: 7, type: 'a.type', content: '{"n":2}', position: second }]);
    expect(await since(third, third + 9)).toEqual([]);
    expect(await db.read((tx) => accountDataOf(tx, user, 7))).toHaveLength(1);
    expect(await db.read((tx) => accountDataOfType(tx, user, 'a.type'))).toEqual([{ room: 7, content: '{"n":2}' }]);
  });

  it('changes one tag and leaves the others', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    const tags = async () => JSON.parse((await db.read((tx) => findAccountData(tx, user, 7, 'm.tag'))) ?? '{}');
    await db.write(putTag, { user, room: 7, tag: 'm.favourite', value: '{"order":0.5}' });
    await db.write(putTag, { user, room: 7, tag: '__proto__', value: '{}' });
    expect(Object.keys((await tags()).tags)).toEqual(['m.favourite', '__proto__']);
    const head = await put(db, user, GLOBAL, 'mark', {});
    await db.write(deleteTag, { user, room: 7, tag: 'toString' });
    expect(await db.read((tx) => accountDataSince(tx, user, head, head + 9))).toEqual([]);
    await db.write(deleteTag, { user, room: 7, tag: '__proto__' });
    expect(await tags()).toEqual({ tags: { 'm.favourite': { order: 0.5 } } });
    await put(db, user, 8, 'm.tag', {
      tags: Object.fromEntries(Array.from({ length: TAGS_MAX }, (_, n) => [`t${n}`, {}])),
    });
    const more = db.write(putTag, { user, room: 8, tag: 'one more', value: '{}' });
    await expect(more).rejects.toMatchObject({ errcode: 'M_TOO_LARGE' });
  });

  it('reads ignored users out of whatever a client stored', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    const ignored = () => db.read((tx) => ignoredUserIds(tx, user));
    expect(await ignored()).toEqual([]);
    for (const content of [{}, { ignored_users: null }, { ignored_users: 'x' }, { ignored_users: ['@a:b'] }]) {
      await put(db, user, GLOBAL, 'm.ignored_user_list', content);
      expect(await ignored()).toEqual([]);
    }
    await put(db, user, GLOBAL, 'm.ignored_user_list', { ignored_users: { '@bob:here.test': {}, x: {} } });
    expect(await ignored()).toEqual(['@bob:here.test']);
  });

  it('keeps profile fields up to the size of a profile', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    const field = (name: string, value: unknown) =>
      db.write(putProfileField, { user, userId: userId('alice'), name, value: JSON.stringify(value) });
    expect(await field('displayname', 'Alice')).toBe(true);
    expect(await field('displayname', 'Alice')).toBe(false);
    await field('avatar_url', 'mxc://here.test/a');
    await field('org.example.free', { any: ['json', null] });
    expect(await db.read((tx) => profileOf(tx, user))).toEqual({
      displayname: 'Alice',
      avatarUrl: 'mxc://here.test/a',
    });
    const whole = await db.read((tx) => profileFieldsOf(tx, user));
    const asJson = canonicalJson(Object.fromEntries(whole.map(({ name, value }) => [name, JSON.parse(value)])));
    const room = PROFILE_SIZE_BYTES_MAX - asJson.length - ',"big":""'.length;
    await expect(field('big', 'x'.repeat(room))).rejects.toMatchObject({ errcode: 'M_PROFILE_TOO_LARGE' });
    await field('big', 'x'.repeat(room - 2));
    const name = 'displayname';
    expect(await db.write(deleteProfileField, { user, userId: userId('alice'), name })).toBe(true);
    expect(await db.write(deleteProfileField, { user, userId: userId('alice'), name })).toBe(false);
    expect(await db.read((tx) => profileOf(tx, user))).toEqual({ avatarUrl: 'mxc://here.test/a' });
  });

  it('stores equal filters once, each user for themselves', async () => {
    const db = await open();
    const user = await makeAccount(db, 'alice');
    const store = (byte: number, owner = user) =>
      db.write(storeFilter, { user: owner, hash: hashOf(byte), definition: `{"n":${byte}}` });
    expect(await store(1)).toBe(1);
    expect(await store(2)).toBe(2);
    expect(await store(1)).toBe(1);
    expect(await store(1, user + 1)).toBe(1);
    expect(await db.read((tx) => findFilter(tx, user, 2))).toBe('{"n":2}');
    expect(await db.read((tx) => findFilter(tx, user, 3))).toBeUndefined();
    expect(FILTERS_MAX).toBeGreaterThan(100);
  });
});
