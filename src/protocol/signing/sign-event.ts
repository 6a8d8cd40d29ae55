// Hashes and signatures of events given as objects: for events of others' making. buildEvent signs our own.
// Server-Server API, "Adding hashes and signatures to outgoing events".

import { contentHash } from '../events/event-hashes.ts';
import type { JsonObject } from '../events/json.ts';
import { pduTexts } from '../events/pdu-texts.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { signText } from './sign-json.ts';
import { signaturesOf, withSignature } from './signatures.ts';
import type { Signer } from './signing-key.ts';
import { verifyText, verifyTextAsync } from './verify-text.ts';

/** A new event with its content hash and one more signature. Throws M_BAD_JSON for what has no canonical form. */
export const signEvent = (pdu: JsonObject, version: RoomVersion, signer: Signer): JsonObject =>
  addEventSignature({ ...pdu, hashes: { sha256: contentHash(pdu, version) } }, version, signer);

/** A new event with one more signature and its hashes as they are: for restricted joins, invites and knocks of others. */
export const addEventSignature = (pdu: JsonObject, version: RoomVersion, signer: Signer): JsonObject => {
  const signature = signText(pduTexts(pdu, version).signedText, signer.key);
  return { ...pdu, signatures: withSignature(pdu, signer.name, signer.key.keyId, signature) };
};

/** Whether `name` signed the event with the key of this id. With a ParsedPdu at hand, verifyText over its signedText is cheaper. */
export const verifyEventSignature = (
  pdu: JsonObject,
  version: RoomVersion,
  name: string,
  keyId: string,
  publicKey: string,
): boolean => {
  const signature = signaturesOf(pdu, name).get(keyId);
  return signature !== undefined && verifyText(pduTexts(pdu, version).signedText, signature, publicKey);
};

/** As verifyEventSignature, on the threads of signatures. */
export const verifyEventSignatureAsync = async (
  pdu: JsonObject,
  version: RoomVersion,
  name: string,
  keyId: string,
  publicKey: string,
): Promise<boolean> => {
  const signature = signaturesOf(pdu, name).get(keyId);
  return signature !== undefined && verifyTextAsync(pduTexts(pdu, version).signedText, signature, publicKey);
};
