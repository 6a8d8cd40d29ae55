// Tokens given to clients. Only their SHA-256 hashes are kept.

import { hash } from 'node:crypto';
import { randomToken } from '../lib/random.ts';

export type TokenKind = 'access' | 'refresh' | 'login' | 'openid' | 'uia';

/** The beginning tells people and secret scanners what a leaked token is. */
const PREFIXES: Readonly<Record<TokenKind, string>> = {
  access: 'kin_acc_',
  refresh: 'kin_ref_',
  login: 'kin_log_',
  openid: 'kin_oid_',
  uia: 'kin_uia_',
};

/** 256 bits that cannot be guessed. */
export const newToken = (kind: TokenKind): string => PREFIXES[kind] + randomToken(32);

export const hashToken = (token: string): Uint8Array => hash('sha256', token, 'buffer');

/** The hash as a key for maps. */
export const tokenKey = (token: string): string => hash('sha256', token, 'base64');
