// A bot written with matrix-bot-sdk: it comes when it is invited, answers what it is asked, and keeps the room in order.

import type { MatrixClient } from 'matrix-bot-sdk';
import { afterEach, expect, test } from 'vitest';
import { loadBotSdk } from '../harness/bot-sdk.ts';
import { describeOnBothServers } from '../harness/both-servers.ts';
import { register, type TestClient } from '../harness/client.ts';
import { until } from '../harness/until.ts';

const { sdk, violations } = await loadBotSdk();
const running: MatrixClient[] = [];

afterEach(() => {
  for (const bot of running.splice(0)) bot.stop();
});

/** A bot that joins where it is invited and answers "!ping" with "pong". */
const startBot = async (baseUrl: string, name: string): Promise<MatrixClient> => {
  const bot = await new sdk.MatrixAuth(baseUrl).passwordRegister(name, `${name}-pass`, 'a bot');
  sdk.AutojoinRoomsMixin.setupOnClient(bot);
  const me = await bot.getUserId();
  bot.on('room.message', (roomId: string, event: { sender: string; content?: { body?: string } }) => {
    if (event.sender !== me && event.content?.body === '!ping') void bot.replyNotice(roomId, event, 'pong');
  });
  running.push(bot);
  await bot.start();
  return bot;
};

const messages = async (client: TestClient, roomId: string) => {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages`;
  const { chunk } = await client.ok(client.get(path, { query: { dir: 'b', limit: 50 } }));
  return chunk;
};

describeOnBothServers('a bot with matrix-bot-sdk', (server) => {
  test('comes when it is invited and answers', async () => {
    const { baseUrl } = server();
    const bot = await startBot(baseUrl, 'ping');
    const alice = await register(baseUrl, 'alice');
    const invite = [await bot.getUserId()];
    const { room_id: roomId } = await alice.ok(alice.post('/_matrix/client/v3/createRoom', { invite }));
    await until('the bot in the room', async () => (await bot.getJoinedRooms()).includes(roomId));
    const asked = await alice.say(roomId, '!ping');
    const answer = await until('an answer', async () =>
      (await messages(alice, roomId)).find(
        (event: { content: { msgtype?: string } }) => event.content.msgtype === 'm.notice',
      ),
    );
    expect(answer.content.body).toMatch(/pong$/);
    expect(answer.content['m.relates_to']['m.in_reply_to'].event_id).toBe(asked);
    expect(violations).toEqual([]);
  });

  test('keeps a room in order', async () => {
    const { baseUrl } = server();
    const bot = await startBot(baseUrl, 'warden');
    const me = await bot.getUserId();
    const mallory = await register(baseUrl, 'mallory');
    const roomId = await bot.createRoom({ preset: 'public_chat', room_alias_name: 'square', name: 'The square' });
    expect(await bot.resolveRoom('#square:kintsugi.test')).toBe(roomId);
    expect(await bot.getPublishedAlias(roomId)).toBe('#square:kintsugi.test');
    await bot.setDisplayName('The warden');
    await bot.setAccountData('org.example.rules', { words: ['spam'] });

    await mallory.ok(mallory.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}`));
    const spam = await mallory.say(roomId, 'spam');
    await until('the spam', async () => (await bot.getRawEvent(roomId, spam)).content.body === 'spam');
    await bot.redactEvent(roomId, spam, 'spam');
    expect((await bot.getRawEvent(roomId, spam)).content).toEqual({});

    await bot.setUserPowerLevel(mallory.userId, roomId, -1);
    const send = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/again`;
    expect((await mallory.put(send, { msgtype: 'm.text', body: 'spam' })).status).toBe(403);
    await bot.banUser(mallory.userId, roomId, 'spam');
    const join = `/_matrix/client/v3/join/${encodeURIComponent(roomId)}`;
    expect((await mallory.post(join)).status).toBe(403);
    const banned = await bot.getRoomMembersByMembership(roomId, 'ban');
    expect(banned.map(({ membershipFor, sender }) => [membershipFor, sender])).toEqual([[mallory.userId, me]]);
    expect(await bot.getJoinedRoomMembersWithProfiles(roomId)).toEqual({ [me]: { display_name: 'The warden' } });

    await bot.setDirectoryVisibility(roomId, 'private');
    expect(await bot.getDirectoryVisibility(roomId)).toBe('private');
    const url = await bot.uploadContent(Buffer.from('minutes'), 'text/plain', 'minutes.txt');
    expect((await bot.downloadContent(url)).data.toString()).toBe('minutes');
    // Not by createSpace: it gives the creator a power level, which room version 12 forbids.
    const space = await bot.getSpace(await bot.createRoom({ name: 'Town', creation_content: { type: 'm.space' } }));
    await space.addChildRoom(roomId);
    expect(Object.keys(await space.getChildEntities())).toEqual([roomId]);
    expect(violations).toEqual([]);
  });
});
