import { afterEach, expect, test } from 'vitest';
import { type FreshDatabase, openFreshSqlite } from '../../../tests/harness/databases.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import { type ParsedPdu, parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import { addEventSignature } from '../../protocol/signing/sign-event.ts';
import { signingKeyFromSeed } from '../../protocol/signing/signing-key.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import type { PolicyServerPort } from '../ports.ts';
import type { Draft } from '../send/draft.ts';

const alice = '@alice:example.org' as UserId;
const key = signingKeyFromSeed('ed25519:policy_server', Buffer.alloc(32, 9).toString('base64'));
const version = roomVersion('11')!;

const opened: FreshDatabase[] = [];
afterEach(async () => {
  for (const fresh of opened.splice(0)) await fresh[Symbol.asyncDispose]();
});

const state = (type: string, content: JsonObject, stateKey = ''): Draft => ({ type, stateKey, sender: alice, content });

/** A room whose m.room.policy names `via`, with events before and after that. */
const create = async (via: string, name = 'tea') => {
  const fresh = await openFreshSqlite();
  opened.push(fresh);
  const asked: ParsedPdu[] = [];
  const policyServers: PolicyServerPort = {
    async sign(server, pdu) {
      asked.push(pdu);
      if (JSON.stringify(pdu.event.content).includes('spam')) throw forbidden('No spam, please');
      return parsePdu(addEventSignature(pdu.pdu, version, { name: server.via, key }), version);
    },
  };
  const { rooms } = openTestRooms(fresh.database, { policyServers });
  const creating = rooms.create({
    version,
    create: state('m.room.create', { room_version: '11' }),
    rest: () => [
      state('m.room.member', { membership: 'join' }, alice),
      state('m.room.power_levels', { users: { [alice]: 100 } }),
      state('m.room.policy', { via, public_keys: { ed25519: key.publicKey } }),
      state('m.room.name', { name }),
    ],
  });
  const room = await creating;
  const entries = await rooms.state.entries((await rooms.view(room.roomId)).stateRoot);
  const events = await fresh.database.read((tx) => eventsByNid(tx, [...entries.values()]));
  const signed = events.filter(({ rest }) => rest.includes('ed25519:policy_server')).map(({ type }) => type);
  return { asked: asked.map(({ event }) => event.type), signed };
};

test('what comes after the event that names a policy server of this name is shown to it', async () => {
  expect(await create('example.org')).toEqual({ asked: ['m.room.name'], signed: ['m.room.name'] });
});

test('a policy server of which nobody is in the room is not asked', async () => {
  expect(await create('judge.example')).toEqual({ asked: [], signed: [] });
});

test('what it refuses is refused in its words, and there is no room', async () => {
  await expect(create('example.org', 'spam')).rejects.toMatchObject({
    errcode: 'M_FORBIDDEN',
    message: 'No spam, please',
  });
});
