// Hostile answers: without end, in circles, of a size that nobody needs.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createWellKnown } from '../../src/peers/discovery/well-known.ts';
import type { EventId } from '../../src/protocol/ids/branded.ts';
import { startPeerServer } from '../harness/peer-server.ts';
import type { RemoteEvent, RemoteRoom } from '../harness/remote-room.ts';
import { until } from '../harness/until.ts';
import { type Stage, startStage } from './stage.ts';

const MIB = 1024 * 1024;
const SOON_MS = 5000;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
beforeEach(() => {
  stage.override = () => undefined;
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Events that need more than get_missing_events gives: the state is asked for. */
const longGap = (room: RemoteRoom): RemoteEvent => {
  for (let left = 200; left > 0; left--) room.make();
  return room.make();
};

const isRejected = (event: RemoteEvent): Promise<boolean> =>
  until('verdict', async () => (await stage.stored([event])).get(event.eventId)).then((stored) => stored.isRejected);

/** Resolves when nobody reads any more; how many bytes were sent is counted. */
const pour = async (response: ServerResponse, piece: Buffer, sent: { bytes: number }): Promise<void> => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.write('{"events":[');
  const closed = once(response, 'close');
  while (!response.destroyed) {
    sent.bytes += piece.length;
    if (!response.write(piece)) await Promise.race([new Promise((go) => response.once('drain', go)), closed]);
  }
};

test('an answer without end is given up', async () => {
  const room = await stage.sharedRoom();
  room.make();
  const sent = room.make();
  const poured = { bytes: 0 };
  stage.override = async ({ url }, response) => {
    if (url.includes('get_missing_events'))
      await pour(response, Buffer.alloc(65_536, ' '), poured).catch(() => undefined);
    return undefined;
  };
  await stage.send([sent]);
  expect(await stage.say()).toBeLessThan(SOON_MS);
  await isRejected(sent);
  // Eight questions of one gap at most.
  expect(poured.bytes).toBeLessThan(100 * MIB);
});

test('redirects are no answers', async () => {
  let count = 0;
  stage.override = ({ url }, response) => {
    if (!url.includes('/event/')) return undefined;
    count += 1;
    response.writeHead(302, { Location: url }).end();
    return undefined;
  };
  const { fetch } = stage.us.parts.federation;
  await expect(fetch.event(stage.them.name, `$${'a'.repeat(43)}` as EventId)).rejects.toThrow('302');
  expect(count).toBe(1);
});

test('a .well-known without end, or in circles, is none', async () => {
  await using web = await startPeerServer();
  const { outbound, clock } = stage.us.parts;
  const wellKnown = createWellKnown({ outbound, clock, verifiesTls: () => true, port: web.port });
  const poured = { bytes: 0 };
  web.handler = async (_request, response) => {
    await pour(response, Buffer.alloc(65_536, ' '), poured).catch(() => undefined);
    return undefined;
  };
  expect(await wellKnown.lookup('127.0.0.1')).toMatchObject({ kind: 'none', why: expect.stringContaining('size') });
  expect(poured.bytes).toBeLessThan(10 * MIB);
  wellKnown.forget('127.0.0.1');
  web.handler = ({ url }, response) => {
    response.writeHead(302, { Location: url }).end();
    return undefined;
  };
  expect(await wellKnown.lookup('127.0.0.1')).toMatchObject({ kind: 'none' });
  expect(web.requests.length).toBeLessThan(15);
});

test.each([
  ['a million ids', 1_000_000, 44],
  ['as many ids as may be, all short', 390_000, 8],
])('a state of %s is not believed, and keeps nobody waiting', async (_what, count, length) => {
  const room = await stage.sharedRoom();
  const sent = longGap(room);
  const ids = Array.from({ length: count }, (_, at) => `"$${String(at).padStart(length - 1, 'a')}"`);
  const text = `{"pdu_ids":[${ids.join(',')}],"auth_chain_ids":[]}`;
  let asked = 0;
  stage.override = ({ url }) => {
    if (!url.includes('/state_ids/')) return undefined;
    asked += 1;
    return [200, text];
  };
  await stage.send([sent]);
  await until('question', () => asked > 0);
  const waits: number[] = [];
  const verdict = isRejected(sent);
  let isOver = false;
  void verdict.finally(() => {
    isOver = true;
  });
  while (!isOver) waits.push(await stage.say());
  expect(await verdict).toBe(true);
  expect(Math.max(...waits)).toBeLessThan(SOON_MS);
  expect(asked).toBeLessThan(5);
});

test('prev events that never resolve end as rejected, and those who can be judged do not wait for them', async () => {
  const room = await stage.sharedRoom();
  const [join] = room.latest;
  const lost = Array.from({ length: 100 }, (_, at) =>
    room.make({ prevEvents: [`$${`n${at}`.padEnd(43, 'a')}` as EventId], originServerTs: at + 1 }),
  );
  const good = room.make({ prevEvents: [join!] });
  const before = stage.them.peer.requests.length;
  await stage.send(lost.slice(0, 50));
  await stage.send([...lost.slice(50, 99), good]);
  expect(await isRejected(good)).toBe(false);
  await until('verdicts', async () => (await stage.stored(lost.slice(0, 99))).size === 99);
  expect([...(await stage.stored(lost)).values()].every((stored) => stored.isRejected)).toBe(true);
  // Not one for each event.
  expect(stage.them.peer.requests.length - before).toBeLessThan(50);
});
