import { expect, it } from 'vitest';
import { foldWords } from '../../../src/lib/fold-words.ts';
import type { UserId } from '../../../src/protocol/ids/branded.ts';
import type { Database } from '../../../src/storage/database.ts';
import { deactivateAccount } from '../../../src/storage/stores/accounts.ts';
import { hasMembersToIndex, indexMembers } from '../../../src/storage/stores/directory-words.ts';
import { deleteProfileField, putProfileField } from '../../../src/storage/stores/profiles.ts';
import { findByWords, seenUsers, visibleMemberContent } from '../../../src/storage/stores/user-directory.ts';
import { describeOnBothEngines } from '../../harness/databases.ts';
import { makeAccount, NOW, userId } from './fixtures.ts';
import { joinForTest, makeRoomForTest } from './room-writers.ts';

const writerModules = [new URL('./room-writers.ts', import.meta.url).href];

const search = (db: Database, searcher: number, term: string) =>
  db.read((tx) => findByWords(tx, searcher, term.startsWith('@') ? [term] : foldWords(term)));

const rename = (db: Database, user: number, localpart: string, name: string) =>
  db.write(putProfileField, { user, userId: userId(localpart), name: 'displayname', value: JSON.stringify(name) });

describeOnBothEngines('user directory', (open) => {
  it('finds local users by the words of their id and name, in any case and with any accent', async () => {
    const db = await open({ writerModules });
    const searcher = await makeAccount(db, 'searcher');
    const alice = await makeAccount(db, 'alice.cooper');
    await rename(db, alice, 'alice.cooper', 'Élodie 東京都 Straße');
    for (const term of ['ALI', 'coop', 'elo', 'ÉLODIE', '京都', 'straße elod', 'alice elodie', '@alice.c']) {
      expect([term, await search(db, searcher, term)]).toEqual([term, [alice]]);
    }
    for (const term of ['lice', 'elodie bob', 'lodie', '%', '']) expect(await search(db, searcher, term)).toEqual([]);
    expect(await search(db, alice, 'ali')).toEqual([]);
    await db.write(deleteProfileField, { user: alice, userId: userId('alice.cooper'), name: 'displayname' });
    expect(await search(db, searcher, 'elodie')).toEqual([]);
    expect(await search(db, searcher, 'alice')).toEqual([alice]);
    await db.write(deactivateAccount, { user: alice, erase: false, now: NOW });
    expect(await search(db, searcher, 'alice')).toEqual([]);
  });

  it('finds a remote user by the name in a room that the searcher may look into, and only there', async () => {
    const db = await open({ writerModules });
    const friend = await makeAccount(db, 'friend');
    const stranger = await makeAccount(db, 'stranger');
    const secret = await db.write(makeRoomForTest, { roomId: '!secret', isPublic: false });
    const open_ = await db.write(makeRoomForTest, { roomId: '!open', isPublic: true });
    const remote = '@remote:there.test' as UserId;
    await db.write(joinForTest, { userId: userId('friend'), room: secret, displayname: 'F', isLocal: true });
    const nid = await db.write(joinForTest, { userId: remote, room: secret, displayname: 'Freddy', isLocal: false });
    expect(await db.read(hasMembersToIndex)).toBe(true);
    await db.write(indexMembers, 100);
    expect(await db.read(hasMembersToIndex)).toBe(false);
    expect(await search(db, friend, 'fred')).toEqual([nid]);
    expect(await search(db, stranger, 'fred')).toEqual([]);
    const isVisibleTo = async (searcher: number) =>
      (await db.read((tx) => seenUsers(tx, searcher, [nid]))).map(({ isVisible }) => isVisible);
    expect(await isVisibleTo(friend)).toEqual([1]);
    expect(await isVisibleTo(stranger)).toEqual([0]);
    expect(await db.read((tx) => visibleMemberContent(tx, stranger, nid))).toBeUndefined();

    await db.write(joinForTest, { userId: remote, room: open_, displayname: 'Alfred', isLocal: false });
    await db.write(indexMembers, 100);
    expect(await search(db, stranger, 'alf')).toEqual([nid]);
    expect(await search(db, stranger, 'fred')).toEqual([]);
    expect(await isVisibleTo(stranger)).toEqual([1]);
    expect(JSON.parse((await db.read((tx) => visibleMemberContent(tx, stranger, nid)))!).displayname).toBe('Alfred');
  });
});
