// Filters: what passes, what is refused and by which error, and which fields are kept.

import { describe, expect, it } from 'vitest';
import { MatrixError } from '../errors/matrix-error.ts';
import type { Json, JsonObject } from '../events/json.ts';
import { fieldTree, pickFields } from './event-fields.ts';
import { type FilteredEvent, parseRoomEventFilter } from './event-filter.ts';
import { noFilter, parseFilter } from './parse-filter.ts';

const event = (fields: Partial<FilteredEvent> = {}): FilteredEvent => ({
  type: 'm.room.message',
  sender: '@a:x',
  content: {},
  ...fields,
});

const passes = (filter: JsonObject, fields: Partial<FilteredEvent> = {}): boolean =>
  parseRoomEventFilter(filter).matches(event(fields));

describe('events', () => {
  it('all pass without lists', () => {
    expect(parseRoomEventFilter(undefined)).toMatchObject({ matchesAll: true, limit: undefined });
    expect(passes({ limit: 5 })).toBe(true);
    expect(noFilter.room.timeline.matchesAll).toBe(true);
  });

  it.each<[string[], boolean]>([
    [['m.room.message'], true],
    [['m.room.*'], true],
    [['*'], true],
    [['m.*.message'], true],
    [['*.message'], true],
    [['m.room.messag?'], false],
    [['m.room'], false],
    [['m.call.*', 'm.room.topic'], false],
    [[], false],
  ])('of the types %j: %j', (types, expected) => {
    expect(passes({ types })).toBe(expected);
    expect(passes({ not_types: types })).toBe(!expected);
    expect(passes({ types: ['*'], not_types: types })).toBe(!expected);
  });

  it('pass by sender', () => {
    expect(passes({ senders: ['@a:x'] })).toBe(true);
    expect(passes({ senders: ['@b:x'] })).toBe(false);
    expect(passes({ senders: [] })).toBe(false);
    expect(passes({ senders: ['@a:x'], not_senders: ['@a:x'] })).toBe(false);
    expect(passes({ not_senders: ['@b:x'] })).toBe(true);
    expect(passes({ senders: ['@a:x'] }, { sender: undefined })).toBe(false);
    expect(passes({ not_senders: ['@a:x'] }, { sender: undefined })).toBe(true);
  });

  it('pass by having a url', () => {
    expect(passes({ contains_url: true }, { content: { url: 'mxc://x/y' } })).toBe(true);
    expect(passes({ contains_url: true })).toBe(false);
    expect(passes({ contains_url: false }, { content: { url: 'mxc://x/y' } })).toBe(false);
    expect(passes({ contains_url: false })).toBe(true);
  });
});

it('rooms pass by both lists, for the whole room and for each kind of event', () => {
  const filter = parseFilter({
    room: { rooms: ['!a:x', '!b:x'], not_rooms: ['!b:x'], state: { not_rooms: ['!a:x'] } },
  });
  expect(['!a:x', '!b:x', '!c:x'].map((roomId) => filter.room.matchesRoom(roomId))).toEqual([true, false, false]);
  expect(filter.room.state.matchesRoom('!a:x')).toBe(false);
  expect(filter.room.timeline.matchesRoom('!c:x')).toBe(true);
});

it('the options of a filter are read where they stand', () => {
  const filter = parseFilter({
    event_format: 'federation',
    event_fields: ['content.body'],
    presence: { types: [] },
    account_data: { not_types: ['*'] },
    room: {
      include_leave: true,
      timeline: { limit: 50_000, unread_thread_notifications: true, related_by_rel_types: ['m.thread'] },
      state: { lazy_load_members: true, include_redundant_members: true },
      unknown: 1,
    },
  });
  expect(filter.eventFormat).toBe('federation');
  expect(filter.presence.matches({ type: 'm.presence' })).toBe(false);
  expect(filter.accountData.matches({ type: 'm.direct' })).toBe(false);
  expect(filter.room.includeLeave).toBe(true);
  expect(filter.room.timeline).toMatchObject({ limit: 1000, unreadThreadNotifications: true, lazyLoadMembers: false });
  expect(filter.room.timeline.relatedByRelTypes).toEqual(['m.thread']);
  expect(filter.room.state).toMatchObject({ lazyLoadMembers: true, includeRedundantMembers: true });
});

describe('malformed filters', () => {
  it.each<[Json, string, string]>([
    [[], 'M_BAD_JSON', 'the filter'],
    [{ room: 1 }, 'M_BAD_JSON', 'room'],
    [{ room: { timeline: [] } }, 'M_BAD_JSON', 'room.timeline'],
    [{ room: { timeline: { limit: '1' } } }, 'M_BAD_JSON', 'room.timeline.limit'],
    [{ room: { timeline: { limit: 1.5 } } }, 'M_BAD_JSON', 'room.timeline.limit'],
    [{ room: { timeline: { limit: -1 } } }, 'M_INVALID_PARAM', 'room.timeline.limit'],
    [{ room: { rooms: '!a:x' } }, 'M_BAD_JSON', 'room.rooms'],
    [{ room: { rooms: ['not a room'] } }, 'M_INVALID_PARAM', 'room.rooms[0]'],
    [{ room: { state: { not_senders: ['@a:x', 'b'] } } }, 'M_INVALID_PARAM', 'room.state.not_senders[1]'],
    [{ room: { state: { lazy_load_members: 'yes' } } }, 'M_BAD_JSON', 'room.state.lazy_load_members'],
    [{ room: { include_leave: null } }, 'M_BAD_JSON', 'room.include_leave'],
    [{ presence: { types: [1] } }, 'M_BAD_JSON', 'presence.types[0]'],
    [{ event_fields: {} }, 'M_BAD_JSON', 'event_fields'],
    [{ event_format: 'xml' }, 'M_INVALID_PARAM', 'event_format'],
    [{ event_format: 7 }, 'M_BAD_JSON', 'event_format'],
    [{ presence: { types: Array.from({ length: 101 }, () => '*a*') } }, 'M_INVALID_PARAM', 'presence.types'],
    [{ presence: { types: Array.from({ length: 5001 }, () => 'a') } }, 'M_INVALID_PARAM', 'presence.types'],
  ])('%j is %s', (filter, errcode, member) => {
    let thrown: unknown;
    try {
      parseFilter(filter);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(MatrixError);
    expect(thrown).toMatchObject({ errcode, status: 400 });
    expect((thrown as MatrixError).message.startsWith(`${member} `)).toBe(true);
  });
});

describe('event_fields', () => {
  const whole = {
    type: 'm.room.message',
    content: { body: 'hi', 'm.relates_to': { rel_type: 'x', event_id: '$y' }, list: [1] },
    unsigned: { age: 1 },
  };
  const pick = (...paths: string[]) => JSON.parse(JSON.stringify(pickFields(whole, fieldTree(paths)))) as Json;

  it('keep what their paths name', () => {
    expect(pick('type', 'content.body')).toEqual({ type: 'm.room.message', content: { body: 'hi' } });
    expect(pick('content.m\\.relates_to.rel_type')).toEqual({ content: { 'm.relates_to': { rel_type: 'x' } } });
    expect(pick('content.m.relates_to', 'nothing', 'type.x', 'content.list.0')).toEqual({});
    expect(pick()).toEqual({});
    expect(pick('constructor', '__proto__', 'content.__proto__')).toEqual({});
  });

  it('keep the whole when a shorter path names it, in any order', () => {
    expect(pick('content', 'content.body')).toEqual({ content: whole.content });
    expect(pick('content.body', 'content')).toEqual({ content: whole.content });
  });
});
