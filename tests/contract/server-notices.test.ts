// The rooms in which the server's operators speak to single users.

import { expect, test } from 'vitest';
import { findAccountData } from '../../src/storage/stores/account-data.ts';
import { noticeRoomOf, setNoticeRoom } from '../../src/storage/stores/server-notices.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { openTestRooms } from '../harness/rooms.ts';

describeOnBothEngines('rooms of server notices', (open) => {
  test('a user has one, tagged; a new one takes its place', async () => {
    const db = await open();
    const { rooms, person, create } = openTestRooms(db);
    const author = await person('notices');
    const { user } = (await person('alice')).viewer;
    expect(await db.read((tx) => noticeRoomOf(tx, user))).toBeUndefined();
    for (const roomId of [await create(author), await create(author)]) {
      const { nid: room } = await rooms.require(roomId);
      await db.write(setNoticeRoom, { user, room });
      expect(await db.read((tx) => noticeRoomOf(tx, user))).toBe(roomId);
      expect(await db.read((tx) => findAccountData(tx, user, room, 'm.tag'))).toBe('{"tags":{"m.server_notice":{}}}');
    }
  });
});
