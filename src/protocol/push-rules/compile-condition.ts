// Turns a push condition into a predicate. Client-Server API, "Conditions".

import { compileGlob, matchesWhole, matchesWords } from '../../lib/glob.ts';
import type { Json } from '../events/json.ts';
import { parsePropertyPath } from '../events/property-path.ts';
import {
  loweredBody,
  type PropertyReader,
  type PushContext,
  type PushSubject,
  propertyReader,
} from './push-subject.ts';
import type { PushCondition } from './ruleset.ts';

export type Predicate = (subject: PushSubject, context: PushContext) => boolean;

/** The level that a notification key needs which the power levels do not name (m.room.power_levels, notifications). */
const NOTIFICATION_LEVEL_DEFAULT = 50;

const PLAIN_SEARCH_LENGTH_MAX = 4096;

/** Whether content.body has `pattern` between two edges of words, whatever the case. */
export function bodyMatches(pattern: string): Predicate {
  const lowered = pattern.toLowerCase();
  const glob = compileGlob(lowered);
  const needed = lowered.split(/[*?]+/).reduce((longest, part) => (part.length > longest.length ? part : longest), '');
  return (subject) => {
    const body = loweredBody(subject);
    if (body === null) return false;
    // Most keywords are in no message: a plain search tells, as long as the body is too short to make it slow.
    if (body.length <= PLAIN_SEARCH_LENGTH_MAX && !body.includes(needed)) return false;
    return matchesWords(glob, body);
  };
}

function stringMatches(read: PropertyReader, pattern: string): Predicate {
  const lowered = pattern.toLowerCase();
  if (!/[*?]/.test(pattern)) {
    return ({ event }) => {
      const value = read(event);
      return value === pattern || (typeof value === 'string' && value.toLowerCase() === lowered);
    };
  }
  const glob = compileGlob(lowered);
  return ({ event }) => {
    const value = read(event);
    // "If the property ... does not have a string value, then the condition will not match, even if pattern is *."
    return typeof value === 'string' && matchesWhole(glob, value.toLowerCase());
  };
}

/** "non-compound canonical JSON values: strings, integers in the range of [-(2**53)+1, (2**53)-1], booleans, and null" */
const isExact = (value: Json | undefined): value is string | number | boolean | null =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);

function memberCount(is: Json | undefined): Predicate | undefined {
  const parts = typeof is === 'string' ? /^(==|<=|>=|<|>)?(\d{1,15})$/.exec(is) : null;
  if (parts === null) return undefined;
  const count = Number(parts[2]);
  switch (parts[1]) {
    case '<':
      return (_, context) => context.memberCount < count;
    case '>':
      return (_, context) => context.memberCount > count;
    case '<=':
      return (_, context) => context.memberCount <= count;
    case '>=':
      return (_, context) => context.memberCount >= count;
    // "If no prefix is present, this parameter defaults to ==."
    default:
      return (_, context) => context.memberCount === count;
  }
}

function containsDisplayName(): Predicate {
  let name: string | undefined;
  let glob = compileGlob('');
  return (subject, { displayName }) => {
    const body = displayName ? loweredBody(subject) : null;
    if (body === null || displayName === undefined) return false;
    if (name !== displayName) {
      glob = compileGlob(displayName.toLowerCase().slice(0, 1024), { star: false, questionMark: false });
      name = displayName;
    }
    return matchesWords(glob, body);
  };
}

function eventMatch(key: string, pattern: string, owner: string | undefined): Predicate {
  if (key === 'content.body') return bodyMatches(pattern);
  const read = propertyReader(parsePropertyPath(key));
  if (pattern === owner) return ({ event }, { userId }) => read(event) === userId;
  return stringMatches(read, pattern);
}

function propertyContains(key: string, value: Json | undefined, owner: string | undefined): Predicate | undefined {
  if (!isExact(value)) return undefined;
  const read = propertyReader(parsePropertyPath(key));
  return ({ event }, { userId }) => {
    const list = read(event);
    return Array.isArray(list) && list.includes(value === owner ? userId : value);
  };
}

/**
 * Undefined when the condition can match no event: "Unrecognised conditions MUST NOT match any events".
 * A value that is `owner` stands for whoever the rules are evaluated for.
 */
export function compileCondition(condition: PushCondition, owner: string | undefined): Predicate | undefined {
  const { kind, pattern, value } = condition;
  const key = typeof condition.key === 'string' ? condition.key : undefined;
  switch (kind) {
    case 'event_match':
      return key === undefined || typeof pattern !== 'string' ? undefined : eventMatch(key, pattern, owner);
    case 'event_property_is': {
      if (key === undefined || !isExact(value)) return undefined;
      const read = propertyReader(parsePropertyPath(key));
      return ({ event }) => read(event) === value;
    }
    case 'event_property_contains':
      return key === undefined ? undefined : propertyContains(key, value, owner);
    case 'contains_display_name':
      return containsDisplayName();
    case 'room_member_count':
      return memberCount(condition.is);
    case 'sender_notification_permission':
      if (key === undefined) return undefined;
      return (_, { notificationLevels, senderPowerLevel }) =>
        senderPowerLevel >=
        (Object.hasOwn(notificationLevels, key) ? notificationLevels[key]! : NOTIFICATION_LEVEL_DEFAULT);
    default:
      return undefined;
  }
}
