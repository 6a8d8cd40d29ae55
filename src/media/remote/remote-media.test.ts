// Files of other servers, as users of a whole server get them from one of the test's own.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AskingServer, startAskingServer } from '../../../tests/harness/asking-server.ts';
import type { TestClient } from '../../../tests/harness/client.ts';
import { type FederatedServer, startFederated } from '../../../tests/harness/federated.ts';
import type { PeerHandler } from '../../../tests/harness/peer-server.ts';

const stack = new AsyncDisposableStack();
let us: FederatedServer;
let them: AskingServer;
let alice: TestClient;
let files = 0;

beforeAll(async () => {
  us = stack.use(await startFederated());
  them = stack.use(await startAskingServer(us.parts.clock.now()));
  alice = await us.register('alice');
});
afterAll(() => stack.disposeAsync());

/** What alice gets of a file of theirs, and what they were asked for, when they answer so. */
const download = async (answers: Record<'federation' | 'media', ReturnType<PeerHandler>>) => {
  const mediaId = `file${++files}`;
  const asked: string[] = [];
  const { handler } = them.peer;
  them.peer.handler = (request, response) => {
    const isFile = request.url.includes(mediaId);
    if (!isFile) return handler(request, response);
    asked.push(request.url.replace(mediaId, 'ID'));
    return request.url.startsWith('/_matrix/media/') ? answers.media : answers.federation;
  };
  const answer = await alice.get(`/_matrix/client/v1/media/download/${them.name}/${mediaId}`);
  them.peer.handler = handler;
  return { status: answer.status, asked };
};

const now = '/_matrix/federation/v1/media/download/ID';
const before = (): string => `/_matrix/media/v3/download/${them.name}/ID?allow_remote=false`;

test('are asked for as before Matrix 1.11 where the server does not know the endpoint of today', async () => {
  const unknown = { errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' };
  const found = await download({ federation: [404, unknown], media: [200, 'a file'] });
  expect(found).toEqual({ status: 200, asked: [now, before()] });
});

test('are not asked for a second time where the server knows the endpoint', async () => {
  const missing = { errcode: 'M_NOT_FOUND', error: 'no' };
  expect(await download({ federation: [404, missing], media: [200, 'a file'] })).toEqual({ status: 404, asked: [now] });
  expect(await download({ federation: [400, 'no'], media: [200, 'a file'] })).toEqual({ status: 502, asked: [now] });
});
