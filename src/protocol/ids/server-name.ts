// Server names: predicate, parser and their parts, for everything that reads an identifier or resolves a server.
// Appendices, "Server Name".

import { invalidParam } from '../errors/matrix-error.ts';
import type { ServerName } from './branded.ts';
import { isIpv4Literal, isIpv6Literal, isNumericQuad } from './ip-literal.ts';

export interface ServerNameParts {
  readonly kind: 'ipv4' | 'ipv6' | 'dns';
  /** Without the brackets of an IPv6 literal. */
  readonly host: string;
  /** undefined: no explicit port. */
  readonly port: number | undefined;
}

const hostSizeMax = 255;

/** undefined: not a server name. Host names of the DNS have no empty label but for a dot at the end. */
export const splitServerName = (text: string): ServerNameParts | undefined => {
  // "port = 1*5DIGIT"; IPv6address = 2*45IPv6char.
  if (text.length === 0 || text.length > hostSizeMax + 6) return undefined;
  if (text.charCodeAt(0) === 0x5b) {
    const end = text.indexOf(']');
    if (end === -1) return undefined;
    const host = text.slice(1, end);
    if (!isIpv6Literal(host)) return undefined;
    return end === text.length - 1 ? { kind: 'ipv6', host, port: undefined } : withPort('ipv6', host, text, end + 1);
  }
  const colon = text.indexOf(':');
  const host = colon === -1 ? text : text.slice(0, colon);
  if (!isDnsName(host)) return undefined;
  const numeric = isNumericQuad(host);
  // "IPv4 literals must be a sequence of four decimal numbers in the range 0 to 255"
  if (numeric && !isIpv4Literal(host)) return undefined;
  const kind = numeric ? 'ipv4' : 'dns';
  return colon === -1 ? { kind, host, port: undefined } : withPort(kind, host, text, colon);
};

export const isServerName = (text: string): text is ServerName => splitServerName(text) !== undefined;

/** Throws M_INVALID_PARAM when `text` is not a server name. */
export const parseServerName = (text: string): ServerName => {
  if (!isServerName(text)) throw invalidParam('Not a server name');
  return text;
};

const withPort = (
  kind: ServerNameParts['kind'],
  host: string,
  text: string,
  colon: number,
): ServerNameParts | undefined => {
  const digits = text.length - colon - 1;
  if (text.charCodeAt(colon) !== 0x3a || digits < 1 || digits > 5) return undefined;
  let port = 0;
  for (let i = colon + 1; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    port = port * 10 + digit;
  }
  return port > 65_535 ? undefined : { kind, host, port };
};

const isDnsName = (host: string): boolean => {
  if (host.length === 0 || host.length > hostSizeMax) return false;
  let previous = 0x2e;
  for (let i = 0; i < host.length; i++) {
    const c = host.charCodeAt(i);
    const letterOrDigit = (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a);
    if (!letterOrDigit && c !== 0x2d && c !== 0x2e) return false;
    if (c === 0x2e && previous === 0x2e) return false;
    previous = c;
  }
  return true;
};
