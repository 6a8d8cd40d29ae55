// Servers that are away for a while, crash, and change their keys. Nothing else may run at the same time.

import { expect, test } from 'vitest';
import { until } from '../harness/until.ts';
import { bodies, page } from './history.ts';
import type { Journeys } from './pairings.ts';
import { PATIENCE_MS } from './person.ts';
import { join, openRoom, setState, tell } from './rooms.ts';
import { together } from './talk.ts';

export const outages: Journeys = (meeting, version) => {
  test('a server that was away catches up, also when the sender crashed meanwhile', async () => {
    await using stack = new AsyncDisposableStack();
    const { host, guest } = meeting;
    const { anna, bert, roomId } = await together(meeting, stack, version);
    await tell(anna, roomId, 'good night', bert);
    await guest.stop('SIGKILL');
    const words = Array.from({ length: 24 }, (_, index) => `are you there? ${index}`);
    for (const word of words.slice(0, 12)) await anna.client.say(roomId, word);
    const messages = { [bert.userId]: { '*': { waited: true } } };
    await anna.client.ok(anna.client.put(`/_matrix/client/v3/sendToDevice/x.test/${anna.userId}`, { messages }));
    await host.stop('SIGKILL');
    await host.start();
    for (const word of words.slice(12)) await anna.client.say(roomId, word);
    await setState(anna, roomId, 'm.room.topic', { topic: 'while you were away' });
    await guest.start();
    // Some servers look only when there is something new to send.
    await tell(anna, roomId, 'at last', bert);
    await until('the message to the device', () => bert.toDevice.some(({ content }) => content.waited === true));
    const told = ['good night', ...words, 'at last'];
    let seen: (string | undefined)[] = [];
    await until(
      'all words',
      async () => {
        seen = bodies((await page(bert, roomId, 'b')).events);
        return seen.length >= told.length;
      },
      PATIENCE_MS,
    ).catch(() => undefined);
    expect(seen).toEqual(told);
    await bert.sees('the new topic', roomId, ({ state }) => {
      return state.get('m.room.topic|')?.content.topic === 'while you were away';
    });
    await tell(bert, roomId, 'here I am', anna);
  });
};

export const keyChanges: Journeys = (meeting, version) => {
  test('a server that changed its key is believed, and so is what it signed before', async () => {
    await using stack = new AsyncDisposableStack();
    const { host, guest } = meeting;
    const { anna, bert, roomId } = await together(meeting, stack, version);
    await tell(anna, roomId, 'with the old key', bert);
    const { roomId: unseen, alias } = await openRoom(anna, version);
    await host.rotateKey();
    await tell(anna, roomId, 'with the new key', bert);
    await tell(bert, roomId, 'I believe you', anna);
    await join(bert, alias);
    await anna.seesMember(unseen, bert.userId, 'join');
    await guest.rotateKey();
    await tell(bert, roomId, 'mine is new as well', anna);
    await tell(anna, unseen, 'fine', bert);
  });
};
