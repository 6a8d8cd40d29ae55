// What the specification says of an event, written once more and otherwise, to be held against the server's own word.
// It knows only what is necessary: an event that it refuses must never be accepted, one that it lets pass may still be wrong.

import { createHash, createPublicKey, verify } from 'node:crypto';

export type Wire = Record<string, unknown>;

const isObject = (value: unknown): value is Wire =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectOf = (value: unknown): Wire => (isObject(value) ? value : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** "Sorted by Unicode code points": the order of their UTF-8. */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
};

const sha256 = (text: string, encoding: 'base64' | 'base64url'): string =>
  createHash('sha256').update(text).digest(encoding).replaceAll('=', '');

const without = (value: Wire, ...keys: string[]): Wire =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
const only = (value: Wire, keys: readonly string[]): Wire =>
  Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)));

const TOP =
  'event_id type room_id sender state_key content hashes signatures depth prev_events auth_events origin_server_ts';
const OLD_TOP = `${TOP} prev_state origin membership`;
const POWER = 'ban events events_default kick redact state_default users users_default';

const keptContent = (type: unknown, content: Wire, version: number): Wire => {
  if (type === 'm.room.create') return version >= 11 ? content : only(content, ['creator']);
  if (type === 'm.room.join_rules') return only(content, version >= 8 ? ['join_rule', 'allow'] : ['join_rule']);
  if (type === 'm.room.power_levels') return only(content, (version >= 11 ? `${POWER} invite` : POWER).split(' '));
  if (type === 'm.room.history_visibility') return only(content, ['history_visibility']);
  if (type === 'm.room.aliases' && version < 6) return only(content, ['aliases']);
  if (type === 'm.room.redaction' && version >= 11) return only(content, ['redacts']);
  if (type !== 'm.room.member') return {};
  const kept = only(content, version >= 9 ? ['membership', 'join_authorised_via_users_server'] : ['membership']);
  const { third_party_invite: invite } = content;
  return version >= 11 && isObject(invite) ? { ...kept, third_party_invite: only(invite, ['signed']) } : kept;
};

export const redactedForm = (event: Wire, version: number): Wire => ({
  ...only(event, (version >= 11 ? TOP : OLD_TOP).split(' ')),
  content: keptContent(event.type, objectOf(event.content), version),
});

const signedText = (event: Wire, version: number): string =>
  canonical(without(redactedForm(event, version), 'signatures', 'unsigned'));

/** Since v3. */
export const eventIdFor = (event: Wire, version: number): string =>
  `$${sha256(signedText(event, version), version === 3 ? 'base64' : 'base64url')}`;

/** Whether the content may be shown: read as widely as base64 can be. */
const hasTrueHash = (event: Wire): boolean => {
  const hash = createHash('sha256').update(canonical(without(event, 'hashes', 'signatures', 'unsigned')));
  return Buffer.from(String(objectOf(event.hashes).sha256), 'base64').equals(hash.digest());
};

const domainOf = (id: unknown): string => String(id).slice(String(id).indexOf(':') + 1);

const isSignedBy = (event: Wire, version: number, server: string, publicKey: string): boolean => {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey, 'base64')]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const text = Buffer.from(signedText(event, version));
  return Object.values(objectOf(objectOf(event.signatures)[server])).some(
    (signature) => typeof signature === 'string' && verify(null, text, key, Buffer.from(signature, 'base64')),
  );
};

const idOfReference = (reference: unknown): string => String(Array.isArray(reference) ? reference[0] : reference);
const integerOr = (value: unknown, otherwise: number): number =>
  value === undefined || value === null ? otherwise : Math.trunc(Number(value));

/** The auth rules that every event is subject to, by its auth events. */
const refusedByAuth = (event: Wire, version: number, known: ReadonlyMap<string, Wire>): string | undefined => {
  const named = listOf(event.auth_events).map(idOfReference);
  if (named.some((id) => !known.has(id))) return 'one of its auth events is not accepted';
  const auth = named.map((id) => known.get(id)!);
  const { sender, type } = event;
  if (type === 'm.room.create') return 'a second m.room.create';
  if (type === 'm.room.aliases' && version < 6) return undefined;
  const { membership } = objectOf(event.content);
  if (type === 'm.room.member' && membership !== 'invite' && membership !== 'ban') {
    return membership === 'join' && sender !== event.state_key ? 'a join of somebody else' : undefined;
  }
  const member = auth.find((each) => each.type === 'm.room.member' && each.state_key === sender);
  if (objectOf(member?.content).membership !== 'join') return `${String(sender)} is not joined`;
  const power = auth.find((each) => each.type === 'm.room.power_levels');
  const create = [...known.values()].find((each) => each.type === 'm.room.create')!;
  if (type === 'm.room.member' || type === 'm.room.third_party_invite') return undefined;
  if (!power || (version >= 12 && create.sender === sender)) return undefined;
  const levels = objectOf(power.content);
  const own = integerOr(objectOf(levels.users)[String(sender)], integerOr(levels.users_default, 0));
  const isState = event.state_key !== undefined;
  const otherwise = isState ? integerOr(levels.state_default, 50) : integerOr(levels.events_default, 0);
  const needed = integerOr(objectOf(levels.events)[String(type)], otherwise);
  return own < needed ? `${String(sender)} has ${own} of ${needed}` : undefined;
};

export interface OracleRoom {
  readonly version: number;
  readonly roomId: string;
  /** Unpadded base64: every server of the test has this one. */
  readonly publicKey: string;
  /** Accepted events with the content that may be shown. */
  readonly known: ReadonlyMap<string, Wire>;
}

/** Why the event must not be accepted with this content; undefined: it may be. */
export const refusalOf = (
  event: Wire,
  stored: Wire,
  { version, roomId, publicKey, known }: OracleRoom,
): string | undefined => {
  if (event.room_id !== roomId) return 'it is of another room';
  if (Buffer.byteLength(canonical(without(event, 'unsigned'))) > 65_536) return 'it is too large';
  const content = objectOf(event.content);
  const isByThirdParty = event.type === 'm.room.member' && isObject(content.third_party_invite);
  const signers = isByThirdParty && content.membership === 'invite' ? [] : [domainOf(event.sender)];
  if (version < 3) signers.push(domainOf(event.event_id));
  for (const server of signers) {
    if (!isSignedBy(event, version, server, publicKey)) return `${server} has not signed it`;
  }
  const isRedacted = canonical(stored) === canonical(redactedForm(event, version).content);
  if (!isRedacted && canonical(stored) !== canonical(content)) return 'its content is another';
  if (!isRedacted && !hasTrueHash(event)) return 'its content is not what its hash says';
  return refusedByAuth({ ...event, content: stored }, version, known);
};
