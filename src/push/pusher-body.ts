// Checks the body of POST /pushers/set. Client-Server API, "Push Notifications".

import { addressGuard } from '../http/outbound/address-guard.ts';
import { parseAddress } from '../lib/address.ts';
import { badJson, invalidParam, missingParam } from '../protocol/errors/matrix-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../protocol/events/json.ts';

export interface PusherToSet {
  readonly appId: string;
  readonly pushkey: string;
  readonly kind: string;
  readonly appDisplayName: string;
  readonly deviceDisplayName: string;
  readonly profileTag: string | null;
  readonly lang: string;
  /** JSON text. */
  readonly data: string;
  readonly append: boolean;
}

export interface PusherToDelete {
  readonly appId: string;
  readonly pushkey: string;
  readonly kind: null;
}

const PUSHKEY_SIZE_BYTES_MAX = 512;
const APP_ID_LENGTH_MAX = 64;
const NAME_LENGTH_MAX = 1024;
const DATA_LENGTH_MAX = 16_384;

const texts = ['app_display_name', 'device_display_name', 'lang'] as const;

const text = (body: JsonObject, key: string, lengthMax: number): string => {
  const value = body[key];
  if (typeof value !== 'string') throw badJson(`${key} must be a string.`);
  if (value.length > lengthMax) throw invalidParam(`${key} may have ${lengthMax} characters.`);
  return value;
};

const publicOnly = addressGuard([]);

/** Only hosts that the server calls if its operator allows it. */
const isPrivateHost = (hostname: string): boolean => {
  const host = hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || (parseAddress(host) !== undefined && !publicOnly.isAllowed(host));
};

/** "MUST be an HTTPS URL with a path of /_matrix/push/v1/notify." On the operator's own machines it may be HTTP. */
const checkUrl = (url: Json | undefined): void => {
  if (url === undefined) throw missingParam('data.url is missing.');
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  if (!parsed) throw invalidParam('data.url must be a URL.');
  const isAllowed = parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isPrivateHost(parsed.hostname));
  if (!isAllowed) throw invalidParam('data.url must be an HTTPS URL.');
  if (parsed.pathname !== '/_matrix/push/v1/notify') {
    throw invalidParam('data.url must have the path /_matrix/push/v1/notify.');
  }
  if (parsed.username !== '' || parsed.password !== '') throw invalidParam('data.url must not hold a password.');
};

/** Throws M_MISSING_PARAM, M_BAD_JSON, M_INVALID_PARAM. */
export const parsePusher = (body: JsonObject): PusherToSet | PusherToDelete => {
  const needed = body.kind === null ? [] : [...texts, 'data'];
  const missing = ['app_id', 'pushkey', ...needed].filter((key) => body[key] === undefined);
  if (body.kind === undefined) missing.push('kind');
  if (missing.length > 0) throw missingParam(`Missing parameters: ${missing.join(', ')}`);
  const appId = text(body, 'app_id', APP_ID_LENGTH_MAX);
  const pushkey = text(body, 'pushkey', PUSHKEY_SIZE_BYTES_MAX);
  if (Buffer.byteLength(pushkey) > PUSHKEY_SIZE_BYTES_MAX) throw invalidParam('pushkey may have 512 bytes.');
  if (body.kind === null) return { appId, pushkey, kind: null };
  const kind = text(body, 'kind', NAME_LENGTH_MAX);
  if (kind !== 'http') throw invalidParam('Only pushers of the kind http are known here.');
  const { data } = body;
  if (!isJsonObject(data)) throw badJson('data must be an object.');
  checkUrl(data.url);
  const dataText = JSON.stringify(data);
  if (dataText.length > DATA_LENGTH_MAX) throw invalidParam(`data may have ${DATA_LENGTH_MAX} characters.`);
  const { append } = body;
  if (append !== undefined && append !== null && typeof append !== 'boolean')
    throw badJson('append must be a boolean.');
  const hasTag = body.profile_tag !== undefined && body.profile_tag !== null;
  return {
    appId,
    pushkey,
    kind,
    appDisplayName: text(body, 'app_display_name', NAME_LENGTH_MAX),
    deviceDisplayName: text(body, 'device_display_name', NAME_LENGTH_MAX),
    profileTag: hasTag ? text(body, 'profile_tag', NAME_LENGTH_MAX) : null,
    lang: text(body, 'lang', NAME_LENGTH_MAX),
    data: dataText,
    append: append === true,
  };
};
