// The `Authorization: X-Matrix` header of requests between servers, read and written.
// Server-Server API, "Request Authentication"; RFC 9110 sections 5.6 and 11.4.

import { unauthorized } from '../errors/matrix-error.ts';
import type { ServerName } from '../ids/branded.ts';
import { isServerName } from '../ids/server-name.ts';
import { parseAuthParams } from './auth-params.ts';

export interface XMatrixCredentials {
  readonly origin: ServerName;
  /** undefined: "For compatibility with older servers, recipients should accept requests without this parameter". */
  readonly destination: string | undefined;
  /** `ed25519:<version>`. */
  readonly keyId: string;
  /** Base64, not yet checked. */
  readonly signature: string;
}

/** A server signs with few keys; more headers are an attempt to have us check many signatures. */
const headersMax = 8;
const headerLengthMax = 4096;

/**
 * `headers`: every Authorization header of the request, of which those of other schemes are passed over. All that are
 * returned (at least one) name the same origin; a request is good when any of them holds. Throws M_UNAUTHORIZED (401) when there
 * is none, one is malformed, or one is meant for another destination.
 */
export const xMatrixCredentials = (headers: readonly string[], destination: ServerName): XMatrixCredentials[] => {
  const ours = headers.filter((header) => /^x-matrix /i.test(header));
  if (ours.length === 0) throw unauthorized('Missing X-Matrix authorization');
  if (ours.length > headersMax) throw unauthorized('Too many X-Matrix authorizations');
  const credentials = ours.map(parseXMatrix);
  for (const { origin, destination: named } of credentials) {
    // "If this property is included, but the value does not match the receiving server's name, the receiving server must
    // deny the request with an HTTP status code 401 Unauthorized."
    if (named !== undefined && named !== destination) throw unauthorized('The request is meant for another server');
    if (origin !== credentials[0]!.origin) throw unauthorized('The X-Matrix authorizations name several origins');
  }
  return credentials;
};

/** One header. Throws M_UNAUTHORIZED. */
export const parseXMatrix = (header: string): XMatrixCredentials => {
  if (header.length > headerLengthMax || !/^x-matrix /i.test(header)) throw malformed('header');
  const params = parseAuthParams(header.slice('x-matrix '.length));
  if (params === undefined) throw malformed('header');
  const origin = params.get('origin');
  if (origin === undefined || !isServerName(origin)) throw malformed('origin');
  const keyId = params.get('key');
  if (!keyId?.startsWith('ed25519:')) throw malformed('key');
  // The specification's list of parameters says `signature`, its example and every server `sig`.
  const signature = params.get('sig') ?? params.get('signature');
  if (signature === undefined) throw malformed('sig');
  return { origin, destination: params.get('destination'), keyId, signature };
};

/** Quoted, in the order and spacing that older servers expect. */
export const xMatrixHeader = (credentials: XMatrixCredentials & { readonly destination: string }): string =>
  `X-Matrix origin="${credentials.origin}",destination="${credentials.destination}",` +
  `key="${credentials.keyId}",sig="${credentials.signature}"`;

const malformed = (what: string): Error => unauthorized(`Malformed X-Matrix ${what}`);
