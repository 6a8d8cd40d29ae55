// Asks a room's policy server to sign an event. Server-Server API, "Asking for a Policy Server signature on an event". Since v1.18.

import type { PeerCall } from '../../peers/calls/call.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import { type ParsedPdu, parsePdu } from '../../protocol/events/parse-pdu.ts';
import { POLICY_KEY_ID, type PolicyServer } from '../../protocol/policy-servers/policy-server.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { signaturesOf, withSignature } from '../../protocol/signing/signatures.ts';
import { verifyTextAsync } from '../../protocol/signing/verify-text.ts';

const ANSWER_SIZE_BYTES_MAX = 10_000;

/**
 * The event with the policy server's signature beside those that it has, also where the names are equal: "Those existing
 * signatures … should be retained to validate the event." Throws PeerError, and M_TOO_LARGE where no signature fits in any more.
 */
export const askPolicyServer = async (
  peers: Pick<Peers, 'call'>,
  { via, key }: PolicyServer,
  { pdu, pduJson, signedText }: ParsedPdu,
  version: RoomVersion,
  options: Pick<PeerCall, 'timeoutMs' | 'signal' | 'ignoresBackOff'>,
): Promise<ParsedPdu> => {
  const answer = await peers.call({
    ...options,
    destination: via,
    mayBeOwn: true,
    method: 'POST',
    path: '/_matrix/policy/v1/sign',
    body: pduJson,
    responseSizeBytesMax: ANSWER_SIZE_BYTES_MAX,
  });
  const signature = signaturesOf({ signatures: answer.json() }, via).get(POLICY_KEY_ID);
  if (signature === undefined) throw new PeerError(via, 'application', 'its answer has no signature of its own');
  if (!(await verifyTextAsync(signedText, signature, key))) {
    throw new PeerError(via, 'application', "its signature was not made with the key in the room's m.room.policy");
  }
  return parsePdu({ ...pdu, signatures: withSignature(pdu, via, POLICY_KEY_ID, signature) }, version);
};
