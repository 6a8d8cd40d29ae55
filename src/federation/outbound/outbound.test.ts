// Transactions to servers over TLS, with the time in the test's hand.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PeerHandler, type PeerServer, startPeerServer } from '../../../tests/harness/peer-server.ts';
import { openPeers, type TestPeers } from '../../../tests/harness/peers.ts';
import { openTestRooms, type TestPerson, type TestRooms } from '../../../tests/harness/rooms.ts';
import { until } from '../../../tests/harness/until.ts';
import { silentLog } from '../../lib/log.ts';
import { createMetrics, type Metrics } from '../../lib/metrics.ts';
import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import { parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { parseServerName } from '../../protocol/ids/server-name.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import { parseXMatrix } from '../../protocol/x-matrix/credentials.ts';
import { verifyRequest } from '../../protocol/x-matrix/sign-request.ts';
import { DamagedStateError } from '../../rooms/state-tree/fetch-nodes.ts';
import { destinationCursors } from '../../storage/stores/outgoing-events.ts';
import { createStream } from '../../stream/stream.ts';
import type { EphemeralListener, OutgoingEdus } from '../edus/outgoing.ts';
import { createOutbound, type FederationOutbound, noEdus } from './outbound.ts';
import { createRoomServers, type RoomServers } from './room-servers.ts';

const serverName = 'example.org' as ServerName;
const GRACE_MS = 5000;

interface Sent {
  readonly txnId: string;
  readonly bodies: string[];
  readonly memberships: string[];
  readonly pdus: JsonObject[];
  readonly edus: JsonObject[];
  readonly text: string;
}

let stack: AsyncDisposableStack;
let us: TestPeers;
let rooms: TestRooms;
let alice: TestPerson;
let one: PeerServer;
let two: PeerServer;
let outbound: FederationOutbound;
let metrics: Metrics;
let head: number;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  us = stack.use(await openPeers({ serverName }));
  for (const name of ['one.test', 'peer.test']) us.dns.records.set(name, { A: ['127.0.0.1'] });
  one = stack.use(await startPeerServer());
  two = stack.use(await startPeerServer());
  us.db.onCommit((commit) => {
    ({ head } = commit);
  });
  rooms = openTestRooms(us.db);
  alice = await rooms.person('alice');
});
afterEach(() => stack.disposeAsync());

const start = async (edus: OutgoingEdus = noEdus, roomServers?: RoomServers): Promise<FederationOutbound> => {
  const stream = createStream({ db: us.db });
  metrics = createMetrics();
  const made = createOutbound({
    db: us.db,
    clock: us.clock,
    log: silentLog,
    metrics,
    stream,
    serverName,
    transport: us.peers,
    roomServers: roomServers ?? createRoomServers({ db: us.db, stream, serverName, source: rooms.rooms.state.source }),
    edus,
    shutdownGraceMs: GRACE_MS,
  });
  await made.start();
  outbound = made;
  return stack.use(made);
};

const nameOf = (peer: PeerServer): ServerName => parseServerName(`peer.test:${peer.port}`);
const bobOf = (peer: PeerServer): UserId => `@bob:${nameOf(peer)}` as UserId;
const memberOf = (roomId: RoomId, peer: PeerServer, membership: string, sender: UserId = bobOf(peer)) =>
  rooms.send(roomId, { type: 'm.room.member', stateKey: bobOf(peer), sender, content: { membership } });

const roomWith = async (...peers: PeerServer[]): Promise<RoomId> => {
  const roomId = await rooms.create(alice);
  for (const peer of peers) await memberOf(roomId, peer, 'join');
  return roomId;
};

const sentTo = (peer: PeerServer): Sent[] =>
  peer.requests
    .filter(({ url }) => url.startsWith('/_matrix/federation/v1/send/'))
    .map(({ url, body }) => {
      const { pdus, edus = [] } = JSON.parse(body) as { pdus: JsonObject[]; edus?: JsonObject[] };
      const contents = pdus.map(({ content }) => content as { body?: string; membership?: string });
      return {
        txnId: url.slice(url.lastIndexOf('/') + 1),
        bodies: contents.flatMap(({ body: said }) => (said === undefined ? [] : [said])),
        memberships: contents.flatMap(({ membership }) => (membership === undefined ? [] : [membership])),
        pdus,
        edus,
        text: body,
      };
    });
const bodiesTo = (peer: PeerServer): string[] => sentTo(peer).flatMap(({ bodies }) => bodies);
const arrival = (peer: PeerServer, ...bodies: string[]): Promise<boolean> =>
  until(`arrival of ${bodies.join()}`, () => bodies.every((body) => bodiesTo(peer).includes(body)));
const behind = () => us.db.read(destinationCursors);

/** Answers are held until `release`. */
const hold = (peer: PeerServer): (() => void) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  peer.handler = async () => {
    await promise;
    return [200, { pdus: {} }];
  };
  return () => {
    peer.handler = () => [200, { pdus: {} }];
    resolve();
  };
};
const failing: PeerHandler = () => [502, 'bad gateway'];

describe('events', () => {
  test('reach every server in the room, in order, as they were signed, in transactions of 50', async () => {
    await start();
    const roomId = await roomWith(one, two);
    const release = hold(one);
    await rooms.say(roomId, alice, 'first');
    await arrival(one, 'first');
    const drafts = Array.from({ length: 120 }, (_, i) => ({
      type: 'm.room.message',
      sender: alice.userId,
      content: { msgtype: 'm.text', body: `${i}` },
    }));
    const events = await rooms.rooms.sendAll(roomId, drafts);
    release();
    await arrival(one, '119');
    await arrival(two, '119');
    const bodies = ['first', ...drafts.map(({ content }) => content.body)];
    for (const peer of [one, two]) expect(bodiesTo(peer)).toEqual(bodies);
    expect(sentTo(one).map(({ pdus }) => pdus.length)).toEqual([1, 50, 50, 20]);
    const last = sentTo(one).at(-1)!;
    expect(canonicalJson(JSON.parse(last.text) as JsonObject, 'lossless')).toBe(last.text);
    const parsed = parsePdu(last.pdus.at(-1)!, roomVersion('11')!).event.eventId;
    expect(parsed).toBe(events.at(-1)!.eventId);
    const request = one.requests.at(-1)!;
    const credentials = parseXMatrix(request.authorization!)!;
    const signed = {
      method: 'PUT',
      uri: request.url,
      origin: serverName,
      destination: nameOf(one),
      contentJson: request.body,
    };
    expect(await verifyRequest(signed, credentials, us.identity.signingKey.publicKey)).toBe(true);
  });

  test('of other servers, and of rooms without them, go nowhere', async () => {
    await start();
    await rooms.say(await rooms.create(alice), alice, 'alone');
    const roomId = await roomWith(one);
    await rooms.send(roomId, { type: 'm.room.message', sender: bobOf(one), content: { body: 'theirs' } });
    await rooms.say(roomId, alice, 'ours');
    await arrival(one, 'ours');
    expect(bodiesTo(one)).toEqual(['ours']);
    expect(two.requests).toEqual([]);
  });

  // "Servers should still send events to denied servers if they are still residents of the room."
  test('reach servers in the room that its ACL denies', async () => {
    await start();
    const roomId = await roomWith(one);
    await rooms.setState(roomId, alice, 'm.room.server_acl', '', { allow: [serverName] });
    await rooms.say(roomId, alice, 'denied');
    await arrival(one, 'denied');
  });

  test('that make users leave reach the servers which they leave, and no later ones', async () => {
    await start();
    const roomId = await roomWith(one, two);
    await memberOf(roomId, one, 'leave', alice.userId);
    await rooms.say(roomId, alice, 'after');
    await arrival(two, 'after');
    await until('the kick', () => sentTo(one).some(({ memberships }) => memberships.includes('leave')));
    expect(bodiesTo(one)).toEqual([]);
    // Who never was there is not told, whatever is said of them.
    const three = stack.use(await startPeerServer());
    await memberOf(roomId, three, 'ban', alice.userId);
    await memberOf(roomId, two, 'leave');
    await rooms.say(roomId, alice, 'to nobody');
    await memberOf(roomId, two, 'ban', alice.userId);
    await memberOf(roomId, two, 'leave', alice.userId);
    await memberOf(roomId, two, 'join');
    await rooms.say(roomId, alice, 'again');
    await arrival(two, 'again');
    expect(three.requests).toEqual([]);
    expect(bodiesTo(two)).toEqual(['after', 'again']);
  });
});

test('an event whose state is damaged goes to those who are in the room now', async () => {
  const roomId = await roomWith(one);
  const stream = createStream({ db: us.db });
  const real = createRoomServers({ db: us.db, stream, serverName, source: rooms.rooms.state.source });
  const damaged = async (): Promise<never> => {
    throw new DamagedStateError(['00'], []);
  };
  await start(noEdus, { ...real, at: damaged });
  await rooms.say(roomId, alice, 'anyway');
  await arrival(one, 'anyway');
});

describe('a server that cannot be reached', () => {
  test('gets the same transaction again, and then the rest', async () => {
    await start();
    const roomId = await roomWith(one, two);
    one.handler = failing;
    await rooms.say(roomId, alice, '1');
    await until('the first try', () => us.peers.isLeftAlone(nameOf(one)));
    await rooms.say(roomId, alice, '2');
    await rooms.say(roomId, alice, '3');
    await arrival(two, '1', '2', '3');
    await us.clock.advance(14_000);
    await until('the second try', () => sentTo(one).length === 2);
    one.handler = () => [200, { pdus: {} }];
    await until('the back-off', () => us.peers.isLeftAlone(nameOf(one)));
    await us.clock.advance(28_000);
    await arrival(one, '3');
    const [first, second, third, ...rest] = sentTo(one);
    expect([second, third]).toEqual([first, first]);
    expect(rest.map(({ bodies }) => bodies)).toEqual([['2', '3']]);
    await until('the end of its row', async () => {
      await outbound.flush();
      return (await behind()).length === 0;
    });
  });

  test('is tried at once when it is heard of again', async () => {
    await start();
    const roomId = await roomWith(one);
    one.handler = failing;
    await rooms.say(roomId, alice, '1');
    await until('trouble', () => us.peers.isLeftAlone(nameOf(one)));
    await rooms.say(roomId, alice, '2');
    one.handler = () => [200, { pdus: {} }];
    await us.peers.administration.retry(nameOf(one));
    await arrival(one, '2');
    expect(bodiesTo(one)).toEqual(['1', '1', '2']);
  });

  test('gets what it missed after a restart, and what made it leave', async () => {
    await start();
    const roomId = await roomWith(one, two);
    const other = await roomWith(one, two);
    one.handler = failing;
    await rooms.say(roomId, alice, '1');
    await until('trouble', () => us.peers.isLeftAlone(nameOf(one)));
    await rooms.say(other, alice, '2');
    await rooms.say(roomId, alice, '3');
    await memberOf(roomId, one, 'leave', alice.userId);
    await rooms.say(roomId, alice, 'not for one');
    await arrival(two, 'not for one');
    await outbound[Symbol.asyncDispose]();
    expect((await behind()).map(({ destination }) => destination)).toEqual([nameOf(one)]);
    const shown = await us.peers.administration.show(nameOf(one));
    expect(shown?.behind).toEqual({ events: expect.any(Number) as number, has_more: false });
    expect(shown?.behind?.events).toBeGreaterThanOrEqual(4);
    one.handler = () => [200, { pdus: {} }];
    one.requests.length = 0;
    await us.restart();
    await start();
    await us.clock.advance(14_000);
    await until('the kick', () => sentTo(one).some(({ memberships }) => memberships.includes('leave')));
    expect(bodiesTo(one)).toEqual(['1', '2', '3']);
  });

  test('is told nothing any more when it says that it is gone', async () => {
    await start();
    const roomId = await roomWith(one);
    one.handler = () => [410, { errcode: 'M_UNKNOWN', error: 'gone' }];
    await rooms.say(roomId, alice, '1');
    await until('its end', () => us.peers.isLeftAlone(nameOf(one)));
    await rooms.say(roomId, alice, '2');
    for (let months = 0; months < 5; months++) {
      const before = sentTo(one).length;
      await us.clock.advance(40 * 24 * 3_600_000);
      if (months < 2) await until('a check', () => sentTo(one).length > before && us.peers.isLeftAlone(nameOf(one)));
    }
    await until('nothing for it', async () => {
      await us.clock.advance(40 * 24 * 3_600_000);
      await outbound.flush();
      return us.peers.troubleOf(nameOf(one))?.retryTs === null && (await behind()).length === 0;
    });
    const { length } = sentTo(one);
    await rooms.say(roomId, alice, '3');
    await rooms.say(await roomWith(two), alice, 'other');
    await arrival(two, 'other');
    expect(sentTo(one)).toHaveLength(length);
    expect(outbound.behindOf(nameOf(one))).toBeUndefined();
  });

  test('that refuses an event goes without it', async () => {
    await start();
    const roomId = await roomWith(one, two);
    const release = hold(one);
    await rooms.say(roomId, alice, '0');
    await arrival(one, '0');
    for (const body of ['1', '2', 'bad', '3']) await rooms.say(roomId, alice, body);
    await arrival(two, '3');
    release();
    one.handler = ({ body }) =>
      body.includes('"bad"') ? [400, { errcode: 'M_BAD_JSON', error: 'no' }] : [200, { pdus: {} }];
    await until('the last', async () => {
      await us.clock.advance(600_000);
      return sentTo(one).some(({ bodies }) => bodies.includes('3') && !bodies.includes('bad'));
    });
    const taken = sentTo(one).filter(({ bodies }) => !bodies.includes('bad'));
    expect(taken.flatMap(({ bodies }) => bodies)).toEqual(['0', '1', '2', '3']);
    expect(await metrics.render()).toContain('kintsugi_federation_transactions_total{outcome="refused"} 1');
  });
});

test('refused events are counted', async () => {
  await start();
  const roomId = await roomWith(one);
  one.handler = () => [200, { pdus: { $some: { error: 'no' }, $other: {} } }];
  await rooms.say(roomId, alice, '1');
  await until('the count', async () => (await metrics.render()).includes('kintsugi_federation_pdus_refused_total 1'));
});

test('the end waits for what is under way, and no longer than its time', async () => {
  const before = await start();
  const roomId = await roomWith(one);
  const release = hold(one);
  await rooms.say(roomId, alice, '1');
  await arrival(one, '1');
  const ended = before[Symbol.asyncDispose]();
  release();
  await ended;
  expect(await behind()).toEqual([]);
  const again = await start();
  hold(one);
  await rooms.say(roomId, alice, '2');
  await arrival(one, '2');
  let isForced = false;
  const forced = again[Symbol.asyncDispose]().then(() => {
    isForced = true;
  });
  await until('the forced end', async () => {
    await us.clock.advance(GRACE_MS / 5);
    return isForced;
  });
  await forced;
  expect(await behind()).toHaveLength(1);
});

test('EDUs go with the events: persistent ones until they are there, others when they are true', async () => {
  const acknowledged: number[] = [];
  let listener: EphemeralListener = () => undefined;
  let position = 0;
  const message = { edu_type: 'm.direct_to_device', content: { message_id: '1' } };
  await start({
    destinationsOf: async (after, upTo) => ({
      destinations: new Set(after < position && position <= upTo ? [nameOf(one)] : []),
      upTo,
    }),
    pendingEdus: async (_destination, after, upTo) => ({
      edus: after < position && position <= upTo ? [message] : [],
      upTo,
    }),
    acknowledge: async (_destination, upTo) => void acknowledged.push(upTo),
    onEphemeral: (each) => {
      listener = each;
    },
  });
  const roomId = await roomWith(one);
  one.handler = failing;
  await rooms.say(roomId, alice, '0');
  await until('trouble', () => us.peers.isLeftAlone(nameOf(one)));
  listener({ key: 'typing', edu: { edu_type: 'm.typing', content: { n: 0 } } }, [nameOf(one)]);
  one.handler = () => [200, { pdus: {} }];
  await us.peers.administration.retry(nameOf(one));
  await arrival(one, '0');
  await until('calm', () => outbound.behindOf(nameOf(one)) === undefined);
  const release = hold(one);
  // The next event's position is the message's as well.
  position = head + 1;
  await rooms.say(roomId, alice, '1');
  await arrival(one, '1');
  for (const n of [1, 2]) listener({ key: 'typing', edu: { edu_type: 'm.typing', content: { n } } }, [nameOf(one)]);
  release();
  await until('the typing', () => sentTo(one).some(({ edus }) => edus.some((edu) => edu.edu_type === 'm.typing')));
  const edus = sentTo(one).map((sent) => sent.edus);
  expect(edus.flat()).toEqual([message, { edu_type: 'm.typing', content: { n: 2 } }]);
  expect(acknowledged).toEqual([position]);
});
