// A room with a policy server, which the test plays: what it refuses reaches nobody, whichever server it was sent on.
// Server-Server API, "Policy Servers". Since v1.18.

import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { parsePdu } from '../../src/protocol/events/parse-pdu.ts';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import { addEventSignature, signEvent } from '../../src/protocol/signing/sign-event.ts';
import { startAskingServer } from '../harness/asking-server.ts';
import type { AnyJson } from '../harness/client.ts';
import { testKey } from '../harness/peer-server.ts';
import { roomPath } from '../harness/room-client.ts';
import type { Journeys } from './pairings.ts';
import { heard, setState, tell } from './rooms.ts';
import type { Homeserver } from './servers/homeserver.ts';
import { together } from './talk.ts';

interface Judge extends AsyncDisposable {
  readonly userId: string;
  /** Of m.room.policy. */
  readonly content: JsonObject;
  /** `type sender` of each event that it was asked to sign. */
  readonly asked: readonly string[];
  /** Joins its user through a server that is in the room. */
  join(roomId: string, through: Homeserver): Promise<void>;
}

const id = encodeURIComponent;

/** A policy server that signs everything but spam. */
const startJudge = async (versionId: string): Promise<Judge> => {
  const version = roomVersion(versionId)!;
  const server = await startAskingServer(Date.now(), { certificate: 'first', isUnchecked: true });
  const { name, key, peer } = server;
  const policyKey = testKey('ed25519:policy_server');
  const userId = server.userId('judge');
  const asked: string[] = [];
  const judge = (pdu: AnyJson): [number, JsonObject] => {
    asked.push(`${pdu.type} ${pdu.sender}`);
    if (JSON.stringify(pdu.content).includes('spam'))
      return [400, { errcode: 'M_FORBIDDEN', error: 'No spam, please' }];
    const { signatures } = addEventSignature(pdu, version, { name, key: policyKey }) as AnyJson;
    return [200, { [name]: { [policyKey.keyId]: signatures[name][policyKey.keyId] } }];
  };
  const { handler } = peer;
  peer.handler = (request, response) => {
    const { url, body } = request;
    if (url === '/_matrix/policy/v1/sign') return judge(JSON.parse(body));
    if (url.startsWith('/_matrix/federation/v1/send/')) return [200, { pdus: {} }];
    if (url.startsWith('/_matrix/federation/v1/user/devices/')) {
      return [200, { user_id: userId, stream_id: 1, devices: [] }];
    }
    return handler(request, response);
  };
  return {
    userId,
    content: { via: name, public_keys: { ed25519: policyKey.publicKey } },
    asked,
    async join(roomId, { serverName }) {
      const of = serverName as ServerName;
      const made = await server.get(
        of,
        `/_matrix/federation/v1/make_join/${id(roomId)}/${id(userId)}?ver=${versionId}`,
      );
      expect([made.status, made.body.error]).toEqual([200, undefined]);
      const pdu = signEvent({ ...made.body.event, origin_server_ts: Date.now() }, version, { name, key });
      const path = `/_matrix/federation/v2/send_join/${id(roomId)}/${id(parsePdu(pdu, version).event.eventId)}`;
      const sent = await server.ask(of, 'PUT', path, pdu);
      expect([sent.status, sent.body.error]).toEqual([200, undefined]);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};

export const policies: Journeys = (meeting, version) => {
  test('what the policy server refuses reaches nobody', async () => {
    await using stack = new AsyncDisposableStack();
    const judge = stack.use(await startJudge(version));
    const { anna, bert, roomId } = await together(meeting, stack, version);
    await judge.join(roomId, meeting.host);
    await Promise.all([anna, bert].map((each) => each.seesMember(roomId, judge.userId, 'join')));
    await bert.gets(roomId, await setState(anna, roomId, 'm.room.policy', judge.content));
    for (const [one, other] of [
      [anna, bert],
      [bert, anna],
    ] as const) {
      await tell(one, roomId, `by ${one.userId}`, other);
      expect(judge.asked).toContain(`m.room.message ${one.userId}`);
      const spam = { msgtype: 'm.text', body: 'spam' };
      const { status, body } = await one.client.put(roomPath(roomId, 'send', 'm.room.message', 'spam'), spam);
      expect([status, body.errcode]).toEqual([expect.any(Number), 'M_FORBIDDEN']);
    }
    await tell(anna, roomId, 'and on', bert);
    const words = [`by ${anna.userId}`, `by ${bert.userId}`, 'and on'];
    for (const each of [anna, bert]) expect(heard(each, roomId)).toEqual(words);

    await bert.gets(roomId, await setState(anna, roomId, 'm.room.policy', {}));
    const count = judge.asked.length;
    await tell(anna, roomId, 'spam', bert);
    await tell(bert, roomId, 'more spam', anna);
    expect(judge.asked).toHaveLength(count);
  });
};
