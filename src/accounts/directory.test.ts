import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinForTest, makeRoomForTest } from '../../tests/contract/accounts/room-writers.ts';
import { type AccountsUnderTest, openAccounts } from '../../tests/harness/accounts.ts';
import type { UserId } from '../protocol/ids/branded.ts';

const writerModules = [new URL('../../tests/contract/accounts/room-writers.ts', import.meta.url).href];

let server: AccountsUnderTest;
let eve: string;
const open = new Set<number>();
beforeEach(async () => {
  open.clear();
  server = await openAccounts({
    writerModules,
    ports: { openRooms: async (rooms) => new Set(rooms.filter((room) => open.has(room))) },
  });
  eve = (await server.register('eve')).access_token;
});
afterEach(() => server[Symbol.asyncDispose]());

const search = async (term: string, limit?: number) =>
  (await server.ask('POST', '/_matrix/client/v3/user_directory/search', { search_term: term, limit }, eve)).json;

const join = (userId: string, room: number, displayname = 'private name') =>
  server.db.write(joinForTest, {
    userId: userId as UserId,
    room,
    displayname,
    isLocal: userId.endsWith(':here.test'),
  });

const named = async (localpart: string, displayname: string): Promise<string> => {
  const { user_id, access_token } = await server.register(localpart);
  await server.ask('PUT', `/_matrix/client/v3/profile/${user_id}/displayname`, { displayname }, access_token);
  return user_id;
};

describe('the user directory', () => {
  it('shows those who share a room, are in a published room or in an open one, and never a private name', async () => {
    const alice = await named('alice', 'Alice Cooper');
    expect(await search('alice')).toEqual({ results: [], limited: false });
    const room = await server.db.write(makeRoomForTest, { roomId: '!a', isPublic: false });
    await join(alice, room);
    expect((await search('alice')).results).toEqual([]);
    open.add(room);
    const found = { user_id: alice, display_name: 'Alice Cooper' };
    for (const term of ['alice', 'COOPER', '@ali', 'Alice Cooper', alice])
      expect((await search(term)).results).toEqual([found]);
    open.clear();
    await join('@eve:here.test', room);
    expect((await search('cooper')).results).toEqual([found]);
    expect((await search('private')).results).toEqual([]);
    expect((await search('eve')).results).toEqual([]);
    const { user } = (await server.accounts.findAccount(alice as UserId))!;
    await server.accounts.setAccountFlags(user, { isLocked: true });
    expect((await search('cooper')).results).toEqual([]);
  });

  it('learns of remote users from their member events, and keeps to the limit', async () => {
    const room = await server.db.write(makeRoomForTest, { roomId: '!a', isPublic: true });
    for (const n of [1, 2, 3]) await join(`@r${n}:there.test`, room, `Remote ${n}`);
    await server.clock.advance(1000);
    await expect.poll(() => search('remote', 2)).toMatchObject({ limited: true, results: [{}, {}] });
    const all = await search('remote', 10);
    expect(all).toMatchObject({ limited: false });
    expect(all.results).toContainEqual({ user_id: '@r2:there.test', display_name: 'Remote 2' });
  });
});
