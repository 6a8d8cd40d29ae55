// What may stand in a profile. Client-Server API, "PUT /profile/{userId}/{keyName}".

import { badJson, invalidParam, keyTooLarge, missingParam } from '../protocol/errors/matrix-error.ts';
import type { Json, JsonObject } from '../protocol/events/json.ts';
import { idSizeBytesMax } from '../protocol/ids/byte-limit.ts';
import { splitMxcUri } from '../protocol/ids/mxc-uri.ts';

const DISPLAYNAME_LENGTH_MAX = 256;
const AVATAR_URL_LENGTH_MAX = 1000;

/** Fields that are part of member events. */
export type MemberField = 'displayname' | 'avatar_url';
export const isMemberField = (name: string): name is MemberField => name === 'displayname' || name === 'avatar_url';

/**
 * Throws M_KEY_TOO_LARGE ("exceeds the maximum allowed key length of 255 bytes"), or M_INVALID_PARAM for a name outside the
 * Common Namespaced Identifier Grammar.
 */
export const checkFieldName = (name: string): string => {
  if (Buffer.byteLength(name) > idSizeBytesMax) throw keyTooLarge('The name of the profile field exceeds 255 bytes.');
  if (!/^[a-z][a-z0-9_.-]*$/.test(name)) throw invalidParam('This is not the name of a profile field.');
  return name;
};

/** The value in the body `{<name>: value}`. Throws M_MISSING_PARAM, M_BAD_JSON, M_INVALID_PARAM. */
export const fieldValue = (name: string, body: JsonObject): Json => {
  const value = body[name];
  if (value === undefined || !Object.hasOwn(body, name)) throw missingParam(`The body has no ${name}.`);
  if (name === 'displayname') return checkedText(name, value, DISPLAYNAME_LENGTH_MAX);
  if (name === 'm.tz') return checkedText(name, value, idSizeBytesMax);
  if (name !== 'avatar_url') return value;
  const url = checkedText(name, value, AVATAR_URL_LENGTH_MAX);
  // Clients remove their avatar by setting the empty text.
  if (url !== '' && splitMxcUri(url) === undefined) throw invalidParam('avatar_url must be an mxc:// URI.');
  return url;
};

const checkedText = (name: string, value: Json, lengthMax: number): string => {
  if (typeof value !== 'string') throw badJson(`${name} must be a string.`);
  if (value.length > lengthMax) throw invalidParam(`${name} must have at most ${lengthMax} characters.`);
  return value;
};
