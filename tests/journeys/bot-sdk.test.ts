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
  expect(violations).toEqual([]);
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
  });
});
