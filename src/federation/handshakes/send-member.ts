// The second half of a handshake on the side of the user's server: the signed event is handed in.
// Server-Server API, send_join, send_leave, send_knock.

import type { PeerCall } from '../../peers/calls/call.ts';
import { PeerError } from '../../peers/peer-error.ts';
import { parseJsonLossless } from '../../protocol/canonical-json/parse-json.ts';
import { isJsonObject, type JsonObject } from '../../protocol/events/json.ts';
import type { ParsedPdu } from '../../protocol/events/parse-pdu.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { malformed } from './candidates.ts';
import type { HandshakeDeps, HandshakeKind } from './deps.ts';
import { readJoinAnswer } from './joining/read-join-answer.ts';
import { pathOf } from './member-template.ts';

const TIMEOUTS_MS: Readonly<Record<HandshakeKind, number>> = { join: 180_000, knock: 30_000, leave: 30_000 };
/** The state of the largest rooms known has some 100 MB. */
const STATE_SIZE_BYTES_MAX = 256 * 1024 * 1024;
const ANSWER_SIZE_BYTES_MAX = 4 * 1024 * 1024;

export interface SendMemberOptions {
  /** For joins: an answer without members will do. */
  readonly omitsMembers?: boolean;
}

/** The answer. Throws PeerError. */
export const sendMember = async (
  deps: HandshakeDeps,
  server: ServerName,
  kind: HandshakeKind,
  { event, pdu, pduJson }: ParsedPdu,
  { omitsMembers = false }: SendMemberOptions = {},
): Promise<JsonObject> => {
  const put = (version: 'v1' | 'v2'): PeerCall => ({
    destination: server,
    method: 'PUT',
    path: `/_matrix/federation/${version}/send_${kind}/${pathOf(event.roomId, event.eventId)}`,
    ...(omitsMembers && { query: { omit_members: true } }),
    body: pduJson,
    timeoutMs: TIMEOUTS_MS[kind],
    responseSizeBytesMax: kind === 'join' ? STATE_SIZE_BYTES_MAX : ANSWER_SIZE_BYTES_MAX,
    ignoresBackOff: true,
  });
  const { peers } = deps;
  // Knocks have one version only.
  if (kind === 'knock') return (await peers.call(put('v1'))).json();
  try {
    if (omitsMembers) return await readJoinAnswer(server, await peers.stream(put('v2')), pdu);
    return (await peers.call(put('v2'))).json();
  } catch (error) {
    if (!(error instanceof PeerError) || !isUnknownEndpoint(error)) throw error;
    return secondOf(server, (await peers.call(put('v1'))).text);
  }
};

/** Servers from before the second version of an endpoint. */
export const isUnknownEndpoint = ({ status, errcode }: PeerError): boolean =>
  (status === 404 || status === 405) && (errcode === undefined || errcode === 'M_UNRECOGNIZED');

/** v1: `[200, {…}]`. */
export const secondOf = (server: ServerName, text: string): JsonObject => {
  const answer = parseJsonLossless(text);
  const body = Array.isArray(answer) ? answer[1] : undefined;
  if (!isJsonObject(body)) throw malformed(server, 'its answer is not [200, {…}]');
  return body;
};
