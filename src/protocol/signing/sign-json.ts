// Signing of JSON objects that are not events: keys, requests, device keys; and the check of such signatures.
// Appendices, "Signing JSON".

import { canonicalJson } from '../canonical-json/canonical-json.ts';
import type { JsonObject } from '../events/json.ts';
import { unpaddedBase64 } from '../events/unpadded-base64.ts';
import { signaturesOf, withSignature } from './signatures.ts';
import type { Signer, SigningKey } from './signing-key.ts';
import { verifyText, verifyTextAsync } from './verify-text.ts';

/** Unpadded base64. */
export const signText = (text: string, key: SigningKey): string => unpaddedBase64(key.sign(Buffer.from(text)));

/** "encoding the JSON object without `signatures` or keys grouped as `unsigned`". Throws M_BAD_JSON for what has no canonical form. */
export const signedJsonText = (value: JsonObject): string => {
  const { signatures: _signatures, unsigned: _unsigned, ...signed } = value;
  return canonicalJson(signed);
};

/** A new object with one more signature. Throws M_BAD_JSON as signedJsonText. */
export const signJson = (value: JsonObject, signer: Signer): JsonObject => {
  const signature = signText(signedJsonText(value), signer.key);
  return { ...value, signatures: withSignature(value, signer.name, signer.key.keyId, signature) };
};

/** Whether `name` signed `value` with the key of this id. Throws M_BAD_JSON as signedJsonText. */
export const verifyJson = (value: JsonObject, name: string, keyId: string, publicKey: string): boolean => {
  const signature = signaturesOf(value, name).get(keyId);
  return signature !== undefined && verifyText(signedJsonText(value), signature, publicKey);
};

/** As verifyJson, on the threads of signatures. */
export const verifyJsonAsync = async (
  value: JsonObject,
  name: string,
  keyId: string,
  publicKey: string,
): Promise<boolean> => {
  const signature = signaturesOf(value, name).get(keyId);
  return signature !== undefined && verifyTextAsync(signedJsonText(value), signature, publicKey);
};
