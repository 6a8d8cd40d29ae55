// A lying server's tongue: it withholds events from some, changes others, forges, and answers questions in part.

import type { OutboundRequest } from '../../src/http/outbound/outbound.ts';
import type { Json, JsonObject } from '../../src/protocol/events/json.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import { signEvent } from '../../src/protocol/signing/sign-event.ts';
import type { SigningKey } from '../../src/protocol/signing/signing-key.ts';
import { parseXMatrix } from '../../src/protocol/x-matrix/credentials.ts';
import { signRequest } from '../../src/protocol/x-matrix/sign-request.ts';
import type { SeededRandom } from '../harness/seeded-random.ts';
import type { Tongue } from './virtual-network.ts';

/** Shares of events of a transaction. */
const WITHHELD = 0.15;
const CHANGED = 0.1;
const FORGED = 0.1;
const BELATED = 0.1;
/** Share of entries left out of an answer. */
const LEFT_OUT = 0.1;

const changed = (pdu: JsonObject, random: SeededRandom): JsonObject =>
  random.pick<(event: JsonObject) => JsonObject>([
    (event) => ({ ...event, content: { ...(event.content as JsonObject), changed: random.below(1000) } }),
    (event) => ({ ...event, depth: random.pick([0, 2 ** 53 - 1, -1]) }),
    (event) => ({ ...event, auth_events: [] }),
    (event) => ({ ...event, signatures: {} }),
    (event) => ({ ...event, prev_events: [`$${'x'.repeat(43)}`] }),
  ])(pdu);

/** A claim to all power, well signed and placed, that the rules refuse unless the sender may. */
const forged = (pdu: JsonObject, name: string, key: SigningKey, versionId: string): JsonObject => {
  const { unsigned: _, hashes: __, signatures: ___, ...event } = pdu;
  const claim = {
    ...event,
    type: 'm.room.power_levels',
    state_key: '',
    content: { users: { [pdu.sender as string]: 100 } },
  };
  return signEvent(claim, roomVersion(versionId)!, { name, key } as never);
};

/** The same as if it had been said before: beside whatever came since, be it a ban of its sender. */
const belated = (pdu: JsonObject, before: JsonObject, name: string, key: SigningKey, versionId: string): JsonObject => {
  const { unsigned: _, hashes: __, signatures: ___, ...event } = pdu;
  const { prev_events: prevs, auth_events: auths, depth } = before;
  const claim = { ...event, prev_events: prevs!, auth_events: auths!, depth: depth! };
  return signEvent(claim, roomVersion(versionId)!, { name, key } as never);
};

const someOf = (value: Json, random: SeededRandom): Json =>
  Array.isArray(value) ? value.filter(() => !random.chance(LEFT_OUT)) : value;

const LISTS = ['pdus', 'events', 'pdu_ids', 'auth_chain', 'auth_chain_ids', 'state', 'auth_events'];

export const liarsTongue = (name: string, key: SigningKey, versionId: string, random: SeededRandom): Tongue => {
  /** By type and sender, the first of its events that was sent. */
  const first = new Map<string, JsonObject>();
  const earlierOf = (pdu: JsonObject): JsonObject | undefined => {
    if (!(pdu.sender as string).endsWith(`:${name}`)) return undefined;
    const kind = `${pdu.type as string} ${pdu.sender as string}`;
    const earlier = first.get(kind);
    if (!earlier) first.set(kind, pdu);
    return earlier;
  };
  const lied = (pdu: JsonObject): JsonObject[] => {
    const earlier = earlierOf(pdu);
    if (random.chance(WITHHELD)) return [];
    if (random.chance(CHANGED)) return [changed(pdu, random)];
    if (random.chance(FORGED)) return [pdu, forged(pdu, name, key, versionId)];
    if (earlier && random.chance(BELATED)) return [pdu, belated(pdu, earlier, name, key, versionId)];
    return [pdu];
  };
  return { ...requests(name, key, lied), ...answers(random) };
};

const requests = (name: string, key: SigningKey, lied: (pdu: JsonObject) => JsonObject[]): Pick<Tongue, 'request'> => ({
  request(_to, request): OutboundRequest | undefined {
    const { pathname, search } = new URL(request.url);
    if (!pathname.startsWith('/_matrix/federation/v1/send/') || typeof request.body !== 'string') return request;
    const body = JSON.parse(request.body) as { pdus?: JsonObject[] } & JsonObject;
    const pdus = (body.pdus ?? []).flatMap(lied);
    const contentJson = JSON.stringify({ ...body, pdus });
    const { Authorization: old = '' } = request.headers ?? {};
    const { destination } = parseXMatrix(old);
    const signed = { method: 'PUT', uri: pathname + search, origin: name, destination, contentJson };
    const Authorization = signRequest(signed as never, key);
    return { ...request, body: contentJson, headers: { ...request.headers, Authorization } };
  },
});

const answers = (random: SeededRandom): Pick<Tongue, 'answer'> => ({
  answer(path, body): string {
    if (!path.startsWith('/_matrix/federation/') || path.includes('/make_') || path.includes('/send_')) return body;
    const value = JSON.parse(body) as JsonObject;
    for (const list of LISTS) if (value[list] !== undefined) value[list] = someOf(value[list], random);
    return JSON.stringify(value);
  },
});
