// A room's policy server as the content of m.room.policy names it, for those who ask it and those who check what it signed.
// Server-Server API, "Determining if a Policy Server is enabled in a room". Since v1.18.

import { isJsonObject, type JsonObject } from '../events/json.ts';
import type { ParsedPdu } from '../events/parse-pdu.ts';
import type { ServerName } from '../ids/branded.ts';
import { isServerName } from '../ids/server-name.ts';
import { signaturesOf } from '../signing/signatures.ts';
import { verifyTextAsync } from '../signing/verify-text.ts';

/** "The Key ID for the ed25519 key in m.room.policy is always ed25519:policy_server." */
export const POLICY_KEY_ID = 'ed25519:policy_server';

export interface PolicyServer {
  readonly via: ServerName;
  /** ed25519, in base64. */
  readonly key: string;
}

/** "content contains at least: A string value for via. An object value for public_keys containing at least … ed25519." */
export const policyServerIn = ({ via, public_keys: keys }: JsonObject): PolicyServer | undefined => {
  if (typeof via !== 'string' || !isServerName(via)) return undefined;
  if (!isJsonObject(keys) || typeof keys.ed25519 !== 'string') return undefined;
  return { via, key: keys.ed25519 };
};

/** "… not asked to sign m.room.policy state events with empty string state_keys". */
export const isPolicyEvent = ({ type, stateKey }: { readonly type: string; readonly stateKey?: string | undefined }) =>
  type === 'm.room.policy' && stateKey === '';

export const isSignedBy = async (
  { via, key }: PolicyServer,
  { pdu, signedText }: Pick<ParsedPdu, 'pdu' | 'signedText'>,
): Promise<boolean> => {
  const signature = signaturesOf(pdu, via).get(POLICY_KEY_ID);
  return signature !== undefined && verifyTextAsync(signedText, signature, key);
};
