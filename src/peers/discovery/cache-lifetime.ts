// How long an answer to /.well-known/matrix/server is kept. Server-Server API, "Resolving server names", step 3.

import type { OutboundHeaders } from '../../http/outbound/outbound.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** "The recommended sensible default is 24 hours." */
const DEFAULT_MS = 24 * HOUR_MS;
/** "48 hours is recommended" as the maximum. */
export const LIFETIME_MS_MAX = 48 * HOUR_MS;
/** `no-store` on a file of which we make a connection each: not every time. */
const LIFETIME_MS_MIN = 5 * MINUTE_MS;
/** "Errors are recommended to be cached for up to an hour" */
const ERROR_MS_MAX = HOUR_MS;

const first = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(',') : (value ?? '');

/** RFC 9111: Cache-Control, else Expires, else undefined. */
function stated(headers: OutboundHeaders, nowTs: number): number | undefined {
  const directives = first(headers['cache-control'])
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim());
  if (directives.some((directive) => /^(no-store|no-cache)(=|$)/.test(directive))) return 0;
  const maxAge = directives.map((directive) => /^max-age="?(\d{1,10})"?$/.exec(directive)?.[1]).find(Boolean);
  if (maxAge !== undefined) return Number(maxAge) * 1000;
  const expires = first(headers.expires);
  const expiresTs = expires.endsWith('GMT') ? Date.parse(expires) : Number.NaN;
  if (Number.isFinite(expiresTs)) return expiresTs - nowTs;
  // "Expires: 0" and its kind mean already expired.
  return headers.expires === undefined ? undefined : 0;
}

export const lifetimeOf = (headers: OutboundHeaders, nowTs: number): number =>
  Math.min(Math.max(stated(headers, nowTs) ?? DEFAULT_MS, LIFETIME_MS_MIN), LIFETIME_MS_MAX);

/** "servers are encouraged to exponentially back off for repeated failures". `failures`: in a row, from 1. */
export const errorLifetimeMs = (failures: number): number =>
  Math.min(MINUTE_MS * 2 ** Math.min(failures - 1, 10), ERROR_MS_MAX);
