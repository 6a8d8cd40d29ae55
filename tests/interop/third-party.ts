// Somebody is invited by e-mail address, and turns out to be a user of another server. The test plays the identity server.
// Server-Server API, "Third-party invites".

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import { signJson } from '../../src/protocol/signing/sign-json.ts';
import { startAskingServer } from '../harness/asking-server.ts';
import { testKey } from '../harness/peer-server.ts';
import { newRoom } from '../harness/room-client.ts';
import type { Journeys } from './pairings.ts';
import { expectSameState, join, setState, tell } from './rooms.ts';

const key = testKey('ed25519:0', 'identity');

/** Says of its key that it is good. Returns its URL. */
const startIdentityServer = async (stack: AsyncDisposableStack): Promise<string> => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"valid":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

export const thirdPartyInvites: Journeys = (meeting, version) => {
  test('who was invited by e-mail address is invited once their server knows the address', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, bert] = await Promise.all([meeting.resident(stack), meeting.visitor(stack)]);
    const url = await startIdentityServer(stack);
    const asking = stack.use(await startAskingServer(Date.now(), { certificate: 'first', isUnchecked: true }));
    const roomId = await newRoom(anna.client, { preset: 'private_chat', room_version: version, name: 'Post office' });
    const token = `token-of-${bert.userId}`;
    const validity = { public_key: key.publicKey, key_validity_url: `${url}/valid` };
    const content = { display_name: 'b…@example.org', ...validity, public_keys: [validity] };
    await setState(anna, roomId, 'm.room.third_party_invite', content, token);

    const address = { medium: 'email', address: 'bert@example.org', mxid: bert.userId };
    const signed = signJson({ mxid: bert.userId, token }, { name: 'identity.test', key });
    // Identity servers POST what the specification has them PUT, and Synapse wants it like that.
    const method = bert.server.kind === 'synapse' ? 'POST' : 'PUT';
    const bound = await asking.ask(bert.server.serverName as ServerName, method, '/_matrix/federation/v1/3pid/onbind', {
      ...address,
      invites: [{ ...address, room_id: roomId, sender: anna.userId, signed }],
    });
    expect([bound.status, bound.body.error]).toEqual([200, undefined]);
    await bert.is(roomId, 'invite');
    const invite = await anna.seesMember(roomId, bert.userId, 'invite');
    expect([invite.sender, invite.content.third_party_invite.signed.token]).toEqual([anna.userId, token]);
    await join(bert, roomId);
    await anna.seesMember(roomId, bert.userId, 'join');
    await tell(bert, roomId, 'a letter for me?', anna);
    await expectSameState(anna, bert, roomId);
  });
};
