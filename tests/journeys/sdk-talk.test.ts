// What people do in a room with matrix-js-sdk: edit, react, talk in threads, take back, read, type, share pictures.

import { EventType, MsgType, NotificationCountType, Preset, RelationType, type Room } from 'matrix-js-sdk';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeOnBothServers } from '../harness/both-servers.ts';
import { loginDevice, registerDevice, type SdkDevice } from '../harness/sdk-device.ts';
import { until } from '../harness/until.ts';

let people = 0;

/** Two people in a public room. */
interface Couple extends AsyncDisposable {
  readonly alice: SdkDevice;
  readonly bob: SdkDevice;
  readonly roomId: string;
}

const roomOf = ({ client }: SdkDevice, roomId: string): Room => {
  const room = client.getRoom(roomId);
  if (!room) throw new Error(`${client.getUserId()} does not know ${roomId}`);
  return room;
};

const meet = async (baseUrl: string): Promise<Couple> => {
  await using stack = new AsyncDisposableStack();
  people += 1;
  const alice = stack.use(await registerDevice(baseUrl, `alice${people}`));
  const bob = stack.use(await registerDevice(baseUrl, `bob${people}`));
  const { room_id: roomId } = await alice.client.createRoom({ preset: Preset.PublicChat });
  await bob.client.joinRoom(roomId);
  for (const { client } of [alice, bob]) {
    await until('two members', () => client.getRoom(roomId)?.getJoinedMemberCount() === 2);
  }
  const owned = stack.move();
  return {
    alice,
    bob,
    roomId,
    async [Symbol.asyncDispose]() {
      await owned.disposeAsync();
      const violations = [alice, bob].flatMap(({ network }) => network.violations);
      if (violations.length > 0) throw new Error(`answers against the specification:\n${violations.join('\n')}`);
    },
  };
};

const say = async ({ client }: SdkDevice, roomId: string, body: string): Promise<string> =>
  (await client.sendMessage(roomId, { msgtype: MsgType.Text, body })).event_id;

const reply = async ({ client }: SdkDevice, roomId: string, root: string, body: string): Promise<string> =>
  (await client.sendMessage(roomId, root, { msgtype: MsgType.Text, body })).event_id;

const edit = ({ client }: SdkDevice, roomId: string, eventId: string, body: string) =>
  client.sendMessage(roomId, {
    msgtype: MsgType.Text,
    body: `* ${body}`,
    'm.new_content': { msgtype: MsgType.Text, body },
    'm.relates_to': { rel_type: RelationType.Replace, event_id: eventId },
  });

const react = ({ client }: SdkDevice, roomId: string, eventId: string, key: string) =>
  client.sendEvent(roomId, EventType.Reaction, {
    'm.relates_to': { rel_type: RelationType.Annotation, event_id: eventId, key },
  });

const bodyOf = async (device: SdkDevice, roomId: string, eventId: string): Promise<unknown> =>
  (await device.event(roomId, eventId)).getContent().body;

const reactionsTo = (device: SdkDevice, roomId: string, eventId: string): string[] => {
  const relations = roomOf(device, roomId).relations.getChildEventsForEvent(eventId, 'm.annotation', 'm.reaction');
  return (relations?.getSortedAnnotationsByKey() ?? []).map(([key, events]) => `${key} ${events.size}`);
};

describeOnBothServers('talk with matrix-js-sdk', (server) => {
  let couple: Couple;
  beforeEach(async () => {
    couple = await meet(server().baseUrl);
  });
  afterEach(() => couple[Symbol.asyncDispose]());

  test('edits, reactions and redactions reach the other, and a device that comes later', async () => {
    const { alice, bob, roomId } = couple;
    const first = await say(alice, roomId, 'helo');
    const second = await say(alice, roomId, 'a slip of the tongue');
    await bob.event(roomId, second);
    await edit(alice, roomId, first, 'hello');
    await react(bob, roomId, first, '👍');
    await react(alice, roomId, first, '👍');
    await react(bob, roomId, first, '🎉');
    await alice.client.redactEvent(roomId, second, undefined, { reason: 'never mind' });
    await until('the edit', async () => (await bodyOf(bob, roomId, first)) === 'hello');
    await until('three reactions', () => reactionsTo(alice, roomId, first).join() === '👍 2,🎉 1');
    await until('the redaction', async () => (await bob.event(roomId, second)).isRedacted());

    await using later = await loginDevice(bob);
    expect(await bodyOf(later, roomId, first)).toBe('hello');
    const taken = await later.event(roomId, second);
    expect([taken.isRedacted(), taken.getContent()]).toEqual([true, {}]);
    const { events } = await later.client.relations(roomId, first, RelationType.Annotation, EventType.Reaction);
    const keys = events.map((event) => event.getRelation()?.key);
    expect(keys.filter((key) => key === '👍')).toHaveLength(2);
    expect(keys.filter((key) => key === '🎉')).toHaveLength(1);
    expect(later.network.violations).toEqual([]);
  });

  test('threads have their own replies, unread counts and receipts', async () => {
    const { alice, bob, roomId } = couple;
    const root = await say(alice, roomId, 'a question');
    await bob.event(roomId, root);
    // Who begins a thread has it opened before.
    roomOf(alice, roomId).createThread(root, await alice.event(roomId, root), [], false);
    await reply(alice, roomId, root, 'is it so?');
    const answer = await reply(alice, roomId, root, 'or not?');
    const room = roomOf(bob, roomId);
    const count = (): number => room.getThreadUnreadNotificationCount(root, NotificationCountType.Total);
    await until('two replies', () => room.getThread(root)?.length === 2);
    await until('two unread replies', () => count() === 2);
    expect(room.getThread(root)?.replyToEvent?.getId()).toBe(answer);
    expect(room.getRoomUnreadNotificationCount(NotificationCountType.Total)).toBe(1);

    const last = await until('the reply', () => room.getThread(root)?.findEventById(answer));
    await bob.client.sendReadReceipt(last);
    await until('no unread replies', () => count() === 0);
    expect(room.getRoomUnreadNotificationCount(NotificationCountType.Total)).toBe(1);
    await until('the receipt in the thread', () =>
      roomOf(alice, roomId).getThread(root)?.hasUserReadEvent(bob.userId, answer),
    );

    await using later = await loginDevice(bob);
    await until('the thread', () => roomOf(later, roomId).getThread(root)?.length === 2);
    const page = await later.client.createThreadListMessagesRequest(roomId, null);
    expect(page.chunk.map((event) => event.event_id)).toEqual([root]);
  });

  test('receipts, unread counts and typing', async () => {
    const { alice, bob, roomId } = couple;
    const room = roomOf(bob, roomId);
    await say(alice, roomId, 'one');
    const second = await say(alice, roomId, 'two');
    await until('two unread', () => room.getUnreadNotificationCount(NotificationCountType.Total) === 2);
    await bob.client.sendReadReceipt(await bob.event(roomId, second));
    await until('nothing unread', () => room.getUnreadNotificationCount(NotificationCountType.Total) === 0);
    await until('the receipt', () => roomOf(alice, roomId).hasUserReadEvent(bob.userId, second));

    await alice.client.sendMessage(roomId, {
      msgtype: MsgType.Text,
      body: 'you there?',
      'm.mentions': { user_ids: [bob.userId] },
    });
    await until('a highlight', () => room.getUnreadNotificationCount(NotificationCountType.Highlight) === 1);

    const typing = (): boolean | undefined => roomOf(alice, roomId).getMember(bob.userId)?.typing;
    await bob.client.sendTyping(roomId, true, 20_000);
    await until('typing', () => typing() === true);
    await bob.client.sendTyping(roomId, false, 0);
    await until('no typing', () => typing() === false);
  });

  test('a picture is uploaded, shown and scaled down', async () => {
    const { alice, bob, roomId } = couple;
    const picture = await sharp({ create: { width: 640, height: 480, channels: 3, background: 'goldenrod' } })
      .png()
      .toBuffer();
    const { content_uri: uri } = await alice.client.uploadContent(new Blob([new Uint8Array(picture)]), {
      name: 'bowl.png',
      type: 'image/png',
    });
    const { event_id: eventId } = await alice.client.sendMessage(roomId, {
      msgtype: MsgType.Image,
      body: 'bowl.png',
      url: uri,
      info: { w: 640, h: 480, size: picture.length, mimetype: 'image/png' },
    });
    const url = (await bob.event(roomId, eventId)).getContent().url;
    const load = async (width?: number, height?: number): Promise<Buffer> => {
      const method = width === undefined ? undefined : 'scale';
      const address = bob.client.mxcUrlToHttp(url, width, height, method, false, true, true);
      const answer = await fetch(address ?? '', {
        headers: { Authorization: `Bearer ${bob.client.getAccessToken()}` },
      });
      expect([answer.status, answer.headers.get('content-type')?.split('/')[0]]).toEqual([200, 'image']);
      return Buffer.from(await answer.arrayBuffer());
    };
    expect((await load()).equals(picture)).toBe(true);
    const { width, height } = await sharp(await load(300, 200)).metadata();
    expect([width, height]).toEqual([320, 240]);
  });
});
