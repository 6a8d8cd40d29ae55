import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../events/json.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { roomVersions } from '../room-versions/room-versions.ts';
import { authoriseEvent } from './authorise-event.ts';
import { ruleNumber } from './rule-number.ts';
import { type EventSketch, factsOf, member, type RoomSketch, roomState, sketched, user } from './test-room.ts';

const versions = Object.values(roomVersions).sort((one, other) => Number(one.id) - Number(other.id));
const since =
  (first: number) =>
  (version: RoomVersion): boolean =>
    Number(version.id) >= first;
const until =
  (last: number) =>
  (version: RoomVersion): boolean =>
    Number(version.id) <= last;

interface Judgement extends RoomSketch {
  readonly event: EventSketch | ((version: RoomVersion) => EventSketch);
  readonly signed?: boolean;
}

interface Case {
  readonly rule: string;
  readonly versions?: (version: RoomVersion) => boolean;
  readonly title?: string;
  readonly rejected: Judgement;
  readonly accepted: Judgement;
}

const judge = (version: RoomVersion, { event, signed, ...room }: Judgement) => {
  const sketch = typeof event === 'function' ? event(version) : event;
  return authoriseEvent(sketched(version, sketch), version, factsOf(roomState(version, room), signed));
};

const message = (sender: string): EventSketch => ({ type: 'm.room.message', sender, content: { body: 'x' } });
const topic = (sender: string, stateKey = ''): EventSketch => ({ type: 'm.room.topic', sender, stateKey });
const invite = (sender: string, target: string, content: JsonObject = {}): EventSketch =>
  member(target, 'invite', { sender, content: { membership: 'invite', ...content } });
const kick = (sender: string, target: string): EventSketch => member(target, 'leave', { sender });
const ban = (sender: string, target: string): EventSketch => member(target, 'ban', { sender });
const create =
  (more: Partial<EventSketch>, content: JsonObject = {}) =>
  (version: RoomVersion): EventSketch => ({
    id: 'create',
    type: 'm.room.create',
    sender: 'alice',
    stateKey: '',
    prev: [],
    content: version.creatorInContent ? { creator: user('alice'), ...content } : content,
    ...more,
  });
const levels = (sender: string, content: JsonObject): EventSketch => ({
  type: 'm.room.power_levels',
  sender,
  stateKey: '',
  content,
});
/** Bob's own entry stays; alice's too, where creators may have one. */
const withUsers =
  (sender: string, content: JsonObject, users: JsonObject = {}) =>
  (version: RoomVersion): EventSketch => {
    const admins: JsonObject = version.privilegedCreators ? {} : { [user('alice')]: 100 };
    return levels(sender, { users: { ...admins, [user('bob')]: 50, ...users }, ...content });
  };
const authorised = (by: string): EventSketch =>
  member('dave', 'join', { content: { membership: 'join', join_authorised_via_users_server: by } });
const bobAndCarol = (carol: number): JsonObject => ({ users: { [user('bob')]: 50, [user('carol')]: carol } });
const modsMaySetLevels = { events: { 'm.room.power_levels': 50 } };

const creation: Case[] = [
  { rule: 'create.1', rejected: { event: create({ prev: ['x'] }) }, accepted: { event: create({}) } },
  {
    rule: 'create.2',
    rejected: { event: create({ roomId: '!room:b.test' }) },
    accepted: { event: create({}) },
  },
  {
    rule: 'create.3',
    rejected: { event: create({}, { room_version: 'org.unknown' }) },
    accepted: { event: (version) => create({}, { room_version: version.id })(version) },
  },
  {
    rule: 'create.4',
    versions: until(10),
    rejected: { event: create({ content: {} }) },
    accepted: { event: create({}) },
  },
  {
    rule: 'create.4',
    versions: since(12),
    rejected: { event: create({}, { additional_creators: [user('bob'), 'bob'] }) },
    accepted: { event: create({}, { additional_creators: [user('bob')] }) },
  },
  {
    rule: 'create.4',
    title: 'additional_creators is a list',
    versions: since(12),
    rejected: { event: create({}, { additional_creators: user('bob') }) },
    accepted: { event: create({}, { additional_creators: [] }) },
  },
  {
    rule: 'room',
    versions: since(12),
    rejected: { event: { ...message('carol'), roomId: '!other' } },
    accepted: { event: message('carol') },
  },
  {
    rule: 'federate',
    rejected: { create: { 'm.federate': false }, members: { 'zoe:b.test': 'join' }, event: message('zoe:b.test') },
    accepted: { create: { 'm.federate': false }, event: message('carol') },
  },
  {
    rule: 'federate',
    title: 'only false forbids',
    rejected: { create: { 'm.federate': false }, joinRule: 'public', event: member('zoe:b.test', 'join') },
    accepted: { create: { 'm.federate': 'false' }, joinRule: 'public', event: member('zoe:b.test', 'join') },
  },
  {
    rule: 'aliases.1',
    versions: until(5),
    rejected: { event: { type: 'm.room.aliases', sender: 'dave' } },
    accepted: { event: { type: 'm.room.aliases', sender: 'dave', stateKey: 'a.test' } },
  },
  {
    rule: 'aliases.2',
    versions: until(5),
    rejected: { event: { type: 'm.room.aliases', sender: 'alice', stateKey: 'b.test' } },
    accepted: { event: { type: 'm.room.aliases', sender: 'dave', stateKey: 'a.test' } },
  },
  {
    rule: 'required-power',
    title: 'aliases are like any state',
    versions: since(6),
    rejected: { event: { type: 'm.room.aliases', sender: 'carol', stateKey: 'a.test' } },
    accepted: { event: { type: 'm.room.aliases', sender: 'bob', stateKey: 'b.test' } },
  },
];

const joining: Case[] = [
  {
    rule: 'member.shape',
    rejected: { event: { type: 'm.room.member', sender: 'carol', content: { membership: 'join' } } },
    accepted: { event: member('carol', 'join') },
  },
  {
    rule: 'member.shape',
    title: 'a membership',
    rejected: { event: member('carol', 'join', { content: {} }) },
    accepted: { event: member('carol', 'leave') },
  },
  {
    rule: 'member.authorising-signature.1',
    versions: since(8),
    rejected: { joinRule: 'restricted', event: authorised(user('bob')), signed: false },
    accepted: { joinRule: 'restricted', event: authorised(user('bob')), signed: true },
  },
  {
    rule: 'member.authorising-signature.1',
    title: 'names a user',
    versions: since(8),
    rejected: { joinRule: 'public', event: authorised('b.test') },
    accepted: { joinRule: 'public', event: authorised(user('bob')) },
  },
  {
    rule: 'member.join.otherwise',
    title: 'the creator is first',
    rejected: { members: { alice: 'leave' }, event: member('alice', 'join', { prev: ['create', 'x'] }) },
    accepted: { members: { alice: 'leave' }, event: member('alice', 'join', { prev: ['create'] }) },
  },
  {
    rule: 'member.join.sender',
    title: 'another user than the creator',
    rejected: { joinRule: 'public', event: member('dave', 'join', { sender: 'alice', prev: ['create'] }) },
    accepted: { joinRule: 'public', event: member('dave', 'join') },
  },
  {
    rule: 'member.join.banned',
    rejected: { joinRule: 'public', members: { dave: 'ban' }, event: member('dave', 'join') },
    accepted: { joinRule: 'public', members: { dave: 'leave' }, event: member('dave', 'join') },
  },
  {
    rule: 'member.join.otherwise',
    title: 'an invite is needed',
    rejected: { members: { dave: 'leave' }, event: member('dave', 'join') },
    accepted: { members: { dave: 'invite' }, event: member('dave', 'join') },
  },
  {
    rule: 'member.join.otherwise',
    title: 'a knock is no invite',
    versions: since(7),
    rejected: { joinRule: 'knock', members: { dave: 'knock' }, event: member('dave', 'join') },
    accepted: { joinRule: 'knock', members: { dave: 'invite' }, event: member('dave', 'join') },
  },
  {
    rule: 'member.join.otherwise',
    title: 'knock is no rule yet',
    versions: until(6),
    rejected: { joinRule: 'knock', members: { dave: 'invite' }, event: member('dave', 'join') },
    accepted: { joinRule: 'invite', members: { dave: 'invite' }, event: member('dave', 'join') },
  },
  {
    rule: 'member.join.restricted.2',
    title: 'the authoriser is joined',
    versions: since(8),
    rejected: { joinRule: 'restricted', members: { bob: 'leave' }, event: authorised(user('bob')) },
    accepted: { joinRule: 'restricted', event: authorised(user('bob')) },
  },
  {
    rule: 'member.join.restricted.2',
    title: 'the authoriser may invite',
    versions: since(8),
    rejected: { joinRule: 'restricted', powerLevels: { invite: 51 }, event: authorised(user('bob')) },
    accepted: { joinRule: 'restricted', powerLevels: { invite: 50 }, event: authorised(user('bob')) },
  },
  {
    rule: 'member.join.restricted.2',
    title: 'without an authoriser an invite is needed',
    versions: since(10),
    rejected: { joinRule: 'knock_restricted', event: member('dave', 'join') },
    accepted: { joinRule: 'knock_restricted', members: { dave: 'invite' }, event: member('dave', 'join') },
  },
  {
    rule: 'member.join.otherwise',
    title: 'restricted is no rule yet',
    versions: until(7),
    rejected: { joinRule: 'restricted', members: { dave: 'invite' }, event: member('dave', 'join') },
    accepted: { joinRule: 'public', event: member('dave', 'join') },
  },
  {
    rule: 'member.join.otherwise',
    title: 'knock_restricted is no rule yet',
    versions: until(9),
    rejected: { joinRule: 'knock_restricted', members: { dave: 'invite' }, event: member('dave', 'join') },
    accepted: { joinRule: 'public', event: member('dave', 'join') },
  },
  {
    rule: 'member.join.otherwise',
    title: 'private',
    rejected: { joinRule: 'private', members: { dave: 'invite' }, event: member('dave', 'join') },
    accepted: { joinRule: 'public', event: member('dave', 'join') },
  },
];

const otherMemberships: Case[] = [
  { rule: 'member.invite.2', rejected: { event: invite('eve', 'dave') }, accepted: { event: invite('carol', 'dave') } },
  {
    rule: 'member.invite.3',
    rejected: { members: { dave: 'ban' }, event: invite('alice', 'dave') },
    accepted: { members: { dave: 'leave' }, event: invite('alice', 'dave') },
  },
  {
    rule: 'member.invite.3',
    title: 'joined',
    rejected: { event: invite('alice', 'bob') },
    accepted: { members: { dave: 'invite' }, event: invite('alice', 'dave') },
  },
  {
    rule: 'member.invite.5',
    rejected: { powerLevels: { invite: 1 }, event: invite('carol', 'dave') },
    accepted: { powerLevels: { invite: 50 }, event: invite('bob', 'dave') },
  },
  {
    rule: 'member.leave.1',
    rejected: { members: { dave: 'ban' }, event: member('dave', 'leave') },
    accepted: { members: { dave: 'invite' }, event: member('dave', 'leave') },
  },
  {
    rule: 'member.leave.1',
    title: 'a knock may be taken back',
    versions: since(7),
    rejected: { event: member('dave', 'leave') },
    accepted: { members: { dave: 'knock' }, event: member('dave', 'leave') },
  },
  {
    rule: 'member.leave.1',
    title: 'no knocks yet',
    versions: until(6),
    rejected: { members: { dave: 'knock' }, event: member('dave', 'leave') },
    accepted: { event: member('carol', 'leave') },
  },
  {
    rule: 'member.leave.2',
    rejected: { members: { bob: 'leave' }, event: kick('bob', 'carol') },
    accepted: { event: kick('bob', 'carol') },
  },
  {
    rule: 'member.leave.3',
    rejected: { powerLevels: { ban: 60 }, members: { dave: 'ban' }, event: kick('bob', 'dave') },
    accepted: { powerLevels: { ban: 60 }, members: { dave: 'ban' }, event: kick('alice', 'dave') },
  },
  {
    rule: 'member.leave.5',
    rejected: { event: kick('carol', 'dave'), members: { dave: 'join' } },
    accepted: { event: kick('bob', 'dave'), members: { dave: 'join' } },
  },
  {
    rule: 'member.leave.5',
    title: 'only lower levels can be kicked',
    rejected: { powerLevels: bobAndCarol(50), event: kick('bob', 'carol') },
    accepted: { powerLevels: bobAndCarol(49), event: kick('bob', 'carol') },
  },
  {
    rule: 'member.leave.5',
    title: 'creators cannot be kicked',
    versions: since(12),
    rejected: { create: { additional_creators: [user('carol')] }, event: kick('alice', 'carol') },
    accepted: { create: { additional_creators: [user('carol')] }, event: kick('carol', 'bob') },
  },
  {
    rule: 'member.ban.1',
    rejected: { members: { bob: 'leave' }, event: ban('bob', 'carol') },
    accepted: { event: ban('bob', 'carol') },
  },
  { rule: 'member.ban.3', rejected: { event: ban('carol', 'dave') }, accepted: { event: ban('bob', 'dave') } },
  {
    rule: 'member.ban.3',
    title: 'only lower levels can be banned',
    rejected: { powerLevels: bobAndCarol(50), event: ban('bob', 'carol') },
    accepted: { powerLevels: bobAndCarol(49), event: ban('bob', 'carol') },
  },
  {
    rule: 'member.knock.1',
    versions: since(7),
    rejected: { joinRule: 'invite', event: member('dave', 'knock') },
    accepted: { joinRule: 'knock', event: member('dave', 'knock') },
  },
  {
    rule: 'member.knock.1',
    title: 'knock_restricted',
    versions: since(10),
    rejected: { joinRule: 'restricted', event: member('dave', 'knock') },
    accepted: { joinRule: 'knock_restricted', event: member('dave', 'knock') },
  },
  {
    rule: 'member.knock.2',
    versions: since(7),
    rejected: { joinRule: 'knock', event: member('dave', 'knock', { sender: 'erin' }) },
    accepted: { joinRule: 'knock', members: { dave: 'leave' }, event: member('dave', 'knock') },
  },
  {
    rule: 'member.knock.4',
    versions: since(7),
    rejected: { joinRule: 'knock', members: { dave: 'invite' }, event: member('dave', 'knock') },
    accepted: { joinRule: 'knock', members: { dave: 'knock' }, event: member('dave', 'knock') },
  },
  {
    rule: 'member.unknown',
    rejected: { event: member('carol', 'dancing') },
    accepted: { event: member('carol', 'leave') },
  },
  {
    rule: 'member.unknown',
    title: 'no knocks yet',
    versions: until(6),
    rejected: { joinRule: 'knock', event: member('dave', 'knock') },
    accepted: { joinRule: 'public', event: member('dave', 'join') },
  },
];

const sending: Case[] = [
  { rule: 'sender-joined', rejected: { event: message('dave') }, accepted: { event: message('carol') } },
  {
    rule: 'third-party-invite.1',
    rejected: {
      powerLevels: { invite: 1 },
      event: { type: 'm.room.third_party_invite', sender: 'carol', stateKey: 'token' },
    },
    accepted: { event: { type: 'm.room.third_party_invite', sender: 'carol', stateKey: 'token' } },
  },
  { rule: 'required-power', rejected: { event: topic('carol') }, accepted: { event: topic('bob') } },
  {
    rule: 'required-power',
    title: 'by type',
    rejected: { powerLevels: { events: { 'm.room.message': 1 } }, event: message('carol') },
    accepted: { powerLevels: { events: { 'm.room.topic': 0 } }, event: topic('carol') },
  },
  {
    rule: 'required-power',
    title: 'without power levels only the creator sets state',
    rejected: { powerLevels: null, event: topic('bob') },
    accepted: { powerLevels: null, event: topic('alice') },
  },
  {
    rule: 'required-power',
    title: 'inherited properties are no entries',
    rejected: { powerLevels: { events_default: 1 }, event: { type: 'constructor', sender: 'carol' } },
    accepted: { event: { type: 'constructor', sender: 'carol' } },
  },
  {
    rule: 'required-power',
    title: 'creators can do anything',
    versions: since(12),
    rejected: { powerLevels: { events_default: 51 }, event: message('bob') },
    accepted: { powerLevels: { events_default: Number.MAX_SAFE_INTEGER }, event: message('alice') },
  },
  {
    rule: 'state-key-owner',
    rejected: { event: topic('bob', user('carol')) },
    accepted: { event: topic('bob', user('bob')) },
  },
  {
    rule: 'redaction.3',
    versions: until(2),
    rejected: { event: { type: 'm.room.redaction', sender: 'carol', redacts: 'x:b.test' } },
    accepted: { event: { type: 'm.room.redaction', sender: 'carol', redacts: 'x:a.test' } },
  },
  {
    rule: 'redaction.3',
    title: 'the redact level',
    versions: until(2),
    rejected: { powerLevels: { redact: 51 }, event: { type: 'm.room.redaction', sender: 'bob', redacts: 'x:b.test' } },
    accepted: { event: { type: 'm.room.redaction', sender: 'bob', redacts: 'x:b.test' } },
  },
  {
    rule: 'required-power',
    title: 'redactions are like any event',
    versions: since(3),
    rejected: {
      powerLevels: { events: { 'm.room.redaction': 10 } },
      event: { type: 'm.room.redaction', sender: 'carol', redacts: 'x' },
    },
    accepted: { event: { type: 'm.room.redaction', sender: 'carol', redacts: 'x' } },
  },
];

const powerLevels: Case[] = [
  {
    rule: 'power-levels.levels-integer',
    versions: since(10),
    rejected: { event: withUsers('alice', { ban: '50' }) },
    accepted: { event: withUsers('alice', { ban: 50 }) },
  },
  {
    rule: 'power-levels',
    title: 'strings that are no integers',
    versions: until(9),
    rejected: { event: withUsers('alice', { ban: 'fifty' }) },
    accepted: { event: withUsers('alice', { ban: ' +050 ' }) },
  },
  {
    rule: 'power-levels',
    title: 'floats',
    versions: (version) => since(6)(version) && until(9)(version),
    rejected: { event: withUsers('alice', { ban: 50.5 }) },
    accepted: { event: withUsers('alice', { ban: 50 }) },
  },
  {
    rule: 'power-levels',
    title: 'floats are truncated',
    versions: until(5),
    rejected: { event: withUsers('alice', { ban: Number.POSITIVE_INFINITY }) },
    accepted: { event: withUsers('alice', { ban: 50.9 }) },
  },
  {
    rule: 'power-levels.maps-integer',
    versions: since(10),
    rejected: { event: withUsers('alice', { events: { 'm.room.name': '50' } }) },
    accepted: { event: withUsers('alice', { events: { 'm.room.name': 50 } }) },
  },
  {
    rule: 'power-levels.maps-integer',
    title: 'notifications',
    versions: since(10),
    rejected: { event: withUsers('alice', { notifications: [] }) },
    accepted: { event: withUsers('alice', { notifications: { room: 20 } }) },
  },
  {
    rule: 'power-levels.users',
    rejected: { event: withUsers('alice', {}, { dave: 50 }) },
    accepted: { event: withUsers('alice', {}, { [user('dave')]: 50 }) },
  },
  {
    rule: 'power-levels.users',
    title: 'no previous event',
    rejected: { powerLevels: null, event: levels('alice', { users: { [user('dave')]: null } }) },
    accepted: { powerLevels: null, event: levels('alice', {}) },
  },
  {
    rule: 'power-levels.users',
    title: 'strings',
    versions: since(10),
    rejected: { event: withUsers('alice', {}, { [user('dave')]: '1' }) },
    accepted: { event: withUsers('alice', {}, { [user('dave')]: 1 }) },
  },
  {
    rule: 'power-levels.creators',
    versions: since(12),
    rejected: {
      create: { additional_creators: [user('carol')] },
      event: withUsers('alice', {}, { [user('carol')]: 100 }),
    },
    accepted: { event: withUsers('alice', {}, { [user('carol')]: 100 }) },
  },
  {
    rule: 'power-levels.creators',
    title: 'the sender of the create event',
    versions: since(12),
    rejected: { powerLevels: null, event: levels('alice', { users: { [user('alice')]: 100 } }) },
    accepted: { powerLevels: null, event: levels('alice', { users: { [user('bob')]: 9000 } }) },
  },
  {
    rule: 'power-levels.levels.1',
    rejected: {
      powerLevels: { ...modsMaySetLevels, ban: 51 },
      event: withUsers('bob', { ...modsMaySetLevels, ban: 50 }),
    },
    accepted: {
      powerLevels: { ...modsMaySetLevels, ban: 50 },
      event: withUsers('bob', { ...modsMaySetLevels, ban: 49 }),
    },
  },
  {
    rule: 'power-levels.levels.1',
    title: 'removed',
    rejected: { powerLevels: { ...modsMaySetLevels, kick: 60 }, event: withUsers('bob', modsMaySetLevels) },
    accepted: { powerLevels: { ...modsMaySetLevels, kick: 40 }, event: withUsers('bob', modsMaySetLevels) },
  },
  {
    rule: 'power-levels.levels.2',
    rejected: { powerLevels: modsMaySetLevels, event: withUsers('bob', { ...modsMaySetLevels, redact: 51 }) },
    accepted: { powerLevels: modsMaySetLevels, event: withUsers('bob', { ...modsMaySetLevels, redact: 50 }) },
  },
  {
    rule: 'power-levels.entries-removed.1',
    rejected: {
      powerLevels: { events: { 'm.room.power_levels': 50, x: 51 } },
      event: withUsers('bob', modsMaySetLevels),
    },
    accepted: {
      powerLevels: { events: { 'm.room.power_levels': 50, x: 50 } },
      event: withUsers('bob', modsMaySetLevels),
    },
  },
  {
    rule: 'power-levels.entries-added.1',
    rejected: {
      powerLevels: modsMaySetLevels,
      event: withUsers('bob', { events: { 'm.room.power_levels': 50, x: 51 } }),
    },
    accepted: {
      powerLevels: modsMaySetLevels,
      event: withUsers('bob', { events: { 'm.room.power_levels': 50, x: 50 } }),
    },
  },
  {
    rule: 'power-levels.entries-added.1',
    title: 'notifications',
    versions: since(6),
    rejected: {
      powerLevels: modsMaySetLevels,
      event: withUsers('bob', { ...modsMaySetLevels, notifications: { room: 51 } }),
    },
    accepted: {
      powerLevels: modsMaySetLevels,
      event: withUsers('bob', { ...modsMaySetLevels, notifications: { room: 1 } }),
    },
  },
  {
    rule: 'power-levels.levels.2',
    title: 'notifications are free',
    versions: until(5),
    rejected: { powerLevels: modsMaySetLevels, event: withUsers('bob', { ...modsMaySetLevels, invite: 99 }) },
    accepted: {
      powerLevels: modsMaySetLevels,
      event: withUsers('bob', { ...modsMaySetLevels, notifications: { room: 99 } }),
    },
  },
  {
    rule: 'power-levels.users-removed.1',
    title: 'equals cannot be lowered',
    rejected: {
      powerLevels: { ...modsMaySetLevels, users: { [user('bob')]: 50, [user('carol')]: 50 } },
      event: levels('bob', { ...modsMaySetLevels, users: { [user('bob')]: 50 } }),
    },
    accepted: {
      powerLevels: { ...modsMaySetLevels, users: { [user('bob')]: 50, [user('carol')]: 49 } },
      event: levels('bob', { ...modsMaySetLevels, users: { [user('bob')]: 50 } }),
    },
  },
  {
    rule: 'power-levels.users-removed.1',
    title: 'own entry',
    rejected: {
      powerLevels: { ...modsMaySetLevels, users: { [user('bob')]: 50, [user('carol')]: 60 } },
      event: levels('bob', { ...modsMaySetLevels, users: { [user('bob')]: 50 } }),
    },
    accepted: {
      powerLevels: { ...modsMaySetLevels, users: { [user('bob')]: 50 } },
      event: levels('bob', { ...modsMaySetLevels, users: { [user('bob')]: 0 } }),
    },
  },
  {
    rule: 'power-levels.users-added.1',
    rejected: { powerLevels: modsMaySetLevels, event: withUsers('bob', modsMaySetLevels, { [user('dave')]: 51 }) },
    accepted: { powerLevels: modsMaySetLevels, event: withUsers('bob', modsMaySetLevels, { [user('dave')]: 50 }) },
  },
];

describe.each(versions)('room version $id', (version) => {
  const cases = [...creation, ...joining, ...otherMemberships, ...sending, ...powerLevels];
  for (const { rule, title = '', rejected, accepted, ...each } of cases) {
    if (each.versions !== undefined && !each.versions(version)) continue;
    it(`rejects by ${rule} ${title}`, () => {
      expect(judge(version, rejected)).toMatchObject({ ok: false, rule: ruleNumber(version, rule) });
    });
    it(`accepts what ${rule} ${title} allows`, () => {
      expect(judge(version, accepted)).toEqual({ ok: true });
    });
  }
});

describe('without a create event', () => {
  it.each(versions)('nothing is allowed in version $id', (version) => {
    const facts = factsOf(roomState(version).slice(1));
    expect(authoriseEvent(sketched(version, message('carol')), version, facts).ok).toBe(false);
  });
});

describe('rejections', () => {
  it('name the rule by its number in the version, with sentence and inputs', () => {
    const verdict = (id: keyof typeof roomVersions) =>
      judge(roomVersions[id], { joinRule: 'public', members: { dave: 'ban' }, event: member('dave', 'join') });
    expect(verdict('1')).toEqual({
      ok: false,
      rule: '5.2.3',
      sentence: 'If the `sender` is banned, reject.',
      inputs: ['$dave-ban'],
    });
    expect(verdict('6')).toMatchObject({ rule: '4.2.3' });
    expect(verdict('8')).toMatchObject({ rule: '4.3.3' });
    expect(verdict('12')).toMatchObject({ rule: '5.3.3' });
  });
});

describe('third-party invites', () => {
  const keys = generateKeyPairSync('ed25519');
  const publicKey = Buffer.from(keys.publicKey.export({ format: 'jwk' }).x!, 'base64url').toString('base64');
  const other = Buffer.from(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x!, 'base64url');
  const signature = sign(null, Buffer.from(`{"mxid":"${user('dave')}","token":"token"}`), keys.privateKey);
  const signed = {
    mxid: user('dave'),
    token: 'token',
    signatures: { 'id.test': { 'ed25519:0': signature.toString('base64').replace(/=+$/, '') } },
  };
  const issued = (content: JsonObject): EventSketch => ({
    id: 'issued',
    type: 'm.room.third_party_invite',
    sender: 'bob',
    stateKey: 'token',
    content,
  });
  const redeem = (third_party_invite: JsonObject, sender = 'bob') => invite(sender, 'dave', { third_party_invite });
  const redeemed = redeem({ display_name: 'd', signed });
  const more = [issued({ public_key: publicKey.replace(/=+$/, '') })];

  it.each(versions)('are accepted in version $id', (version) => {
    expect(judge(version, { more, event: redeemed })).toEqual({ ok: true });
    const list = [issued({ public_key: other.toString('base64'), public_keys: [{}, { public_key: publicKey }] })];
    expect(judge(version, { more: list, event: redeemed })).toEqual({ ok: true });
    // Even by one who left since: the rule asks only for the token's sender.
    expect(judge(version, { more, members: { bob: 'leave' }, event: redeemed })).toEqual({ ok: true });
  });

  it.each(versions)('are rejected in version $id', (version) => {
    const rule = (step: number) => ({ ok: false, rule: ruleNumber(version, `member.invite.1.${step}`) });
    expect(judge(version, { more, members: { dave: 'ban' }, event: redeemed })).toMatchObject(rule(1));
    expect(judge(version, { more, event: redeem({ display_name: 'd' }) })).toMatchObject(rule(2));
    expect(judge(version, { more, event: redeem({ signed: { mxid: user('dave') } }) })).toMatchObject(rule(3));
    expect(judge(version, { more, event: redeem({ signed: { ...signed, mxid: user('erin') } }) })).toMatchObject(
      rule(4),
    );
    expect(judge(version, { event: redeemed })).toMatchObject(rule(5));
    expect(judge(version, { more, event: redeem({ signed }, 'carol') })).toMatchObject(rule(6));
    const foreign = [issued({ public_key: other.toString('base64') })];
    expect(judge(version, { more: foreign, event: redeemed })).toMatchObject(rule(8));
    const altered = redeem({ signed: { ...signed, extra: 1 } });
    expect(judge(version, { more, event: altered })).toMatchObject(rule(8));
  });
});
