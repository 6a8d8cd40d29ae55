// The checks on receipt that need no room: format, signatures, content hash; many events at once.
// Server-Server API, "Checks performed on receipt of a PDU", 1 to 3, and "Validating hashes and signatures on received events".

import { slicesOf } from '../../lib/slices-of.ts';
import { isReadableKeyId } from '../../peers/keys/key-document.ts';
import type { FindKey } from '../../peers/keys/key-ring.ts';
import { isGoodAt, type KeyWanted } from '../../peers/keys/verify-key.ts';
import type { Peers } from '../../peers/peers.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import { contentHashMatches } from '../../protocol/events/event-hashes.ts';
import type { Json } from '../../protocol/events/json.ts';
import { type ParsedPdu, parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { EventId, ServerName } from '../../protocol/ids/branded.ts';
import { redact } from '../../protocol/redaction/redact.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { signaturesOf } from '../../protocol/signing/signatures.ts';
import { type TextToVerify, verifyTexts } from '../../protocol/signing/verify-text.ts';
import type { IncomingEvent } from '../../rooms/receive/incoming.ts';
import { requiredSigners } from './required-signers.ts';

export type Verified =
  | { readonly ok: true; readonly event: IncomingEvent }
  /** It is to be dropped. No event id: it could not be read so far. */
  | { readonly ok: false; readonly eventId?: EventId; readonly reason: string };

export interface VerifyOptions {
  /** false: for state and auth chains, where too many references must be borne. Default true. */
  readonly limitReferences?: boolean;
  /** How long keys that are not known may be asked for. Default 15 seconds. */
  readonly keyTimeoutMs?: number;
}

export interface Verify {
  /**
   * One result for each wire form (a value of parseJsonLossless, or JSON text), in their order. Keys that are not known are
   * asked for over the network: never call it while a room is locked.
   */
  verifyPdus(
    wires: readonly Json[],
    version: RoomVersion,
    source: ServerName,
    options?: VerifyOptions,
  ): Promise<Verified[]>;
  /** The same for events that were parsed already; they may be of different rooms of the same version. */
  verifyParsed(
    parsed: readonly ParsedPdu[],
    version: RoomVersion,
    source: ServerName,
    options?: VerifyOptions,
  ): Promise<Verified[]>;
}

const KEY_TIMEOUT_MS = 15_000;
/** A server signs with one key, or with two while it changes them: more would only cost us checks. */
const SIGNATURES_TRIED_MAX = 4;
/** "The policy server key is not expected to be published and therefore should be skipped at this stage." Since v1.18. */
const POLICY_SERVER_KEY = 'ed25519:policy_server';
/** Redaction texts and hashes of so many events are made before others get their turn on the event loop. */
const STEP = 25;
/** Each check that is under way holds a copy of its text: of a large room they would be tens of thousands. */
const CHECKED_AT_ONCE = 500;

interface Signature extends KeyWanted {
  readonly signature: string;
}

/** What one server must have signed, with the signatures that it may have made. */
interface Signer {
  readonly server: ServerName;
  readonly signatures: readonly Signature[];
}

const signersOf = (pdu: ParsedPdu, version: RoomVersion): Signer[] =>
  requiredSigners(pdu.event, version).map((server) => {
    // Since v5: "validate that the signature was made with a key that was valid at the event's origin_server_ts".
    const atTs = version.enforceKeyValidity ? pdu.event.originServerTs : 0;
    const readable = [...signaturesOf(pdu.pdu, server)].filter(
      ([keyId]) => isReadableKeyId(keyId) && keyId !== POLICY_SERVER_KEY,
    );
    const tried = readable.slice(0, SIGNATURES_TRIED_MAX);
    return { server, signatures: tried.map(([keyId, signature]) => ({ server, keyId, atTs, signature })) };
  });

/** Keys by which the event could be verified and without which it cannot; none: those that are known will do. */
export const keysLacking = (pdu: ParsedPdu, version: RoomVersion, find: FindKey): KeyWanted[] => {
  const isKnown = ({ server, keyId, atTs }: KeyWanted): boolean => {
    const key = find(server, keyId);
    return key !== undefined && isGoodAt(key, atTs);
  };
  return signersOf(pdu, version).flatMap(({ signatures }) => (signatures.some(isKnown) ? [] : signatures));
};

/** "If the content hash does not match, the event is redacted before processing further." */
const withTrueContent = (parsed: ParsedPdu, version: RoomVersion, limitReferences: boolean): ParsedPdu =>
  contentHashMatches(parsed.hashes, parsed.hashedText)
    ? parsed
    : parsePdu(redact(parsed.pdu, version), version, { limitReferences });

const reasonOf = (error: unknown): string => {
  if (error instanceof MatrixError) return error.message;
  throw error;
};

interface ToVerify {
  readonly parsed: ParsedPdu;
  readonly signers: readonly Signer[];
}

/** "If all signatures from known unexpired keys from the originating server(s) are found to be valid." */
const validSigners = async (events: readonly ToVerify[], find: FindKey): Promise<ReadonlySet<Signer>> => {
  const checks: (TextToVerify & { readonly signer: Signer })[] = [];
  for (const { parsed, signers } of events) {
    for (const signer of signers) {
      for (const { server, keyId, atTs, signature } of signer.signatures) {
        const key = find(server, keyId);
        if (!key || !isGoodAt(key, atTs)) continue;
        checks.push({ text: parsed.signedText, signature, publicKey: key.publicKey, signer });
      }
    }
  }
  const areValid = await verifyTexts(checks);
  const valid = new Set(checks.map(({ signer }) => signer));
  for (const [at, { signer }] of checks.entries()) if (!areValid[at]) valid.delete(signer);
  return valid;
};

const settled = (
  { parsed, signers }: ToVerify,
  valid: ReadonlySet<Signer>,
  { version, source, limitReferences }: { version: RoomVersion; source: ServerName; limitReferences: boolean },
): Verified => {
  const { eventId } = parsed.event;
  const absent = signers.find((signer) => !valid.has(signer));
  if (absent) return { ok: false, eventId, reason: `There is no valid signature of ${absent.server}` };
  try {
    return { ok: true, event: { ...withTrueContent(parsed, version, limitReferences), source } };
  } catch (error) {
    return { ok: false, eventId, reason: reasonOf(error) };
  }
};

export const createVerify = ({ peers }: { readonly peers: Pick<Peers, 'keysFor'> }): Verify => {
  const verifyParsed: Verify['verifyParsed'] = async (parsed, version, source, options = {}) => {
    const { limitReferences = true, keyTimeoutMs = KEY_TIMEOUT_MS } = options;
    if (parsed.length === 0) return [];
    const events = parsed.map((each) => ({ parsed: each, signers: signersOf(each, version) }));
    const wants = events.flatMap(({ signers }) => signers.flatMap(({ signatures }) => signatures));
    const find = await peers.keysFor(wants, keyTimeoutMs);
    const common = { version, source, limitReferences };
    const verified: Verified[] = [];
    for (const some of slicesOf(events, CHECKED_AT_ONCE)) {
      const valid = await validSigners(some, find);
      for (const each of some) verified.push(settled(each, valid, common));
    }
    return verified;
  };

  const verifyPdus: Verify['verifyPdus'] = async (wires, version, source, options = {}) => {
    const { limitReferences = true } = options;
    const results: Verified[] = [];
    const parsed: ParsedPdu[] = [];
    const places: number[] = [];
    for (const [place, wire] of wires.entries()) {
      if (place % STEP === STEP - 1) await new Promise(setImmediate);
      try {
        parsed.push(parsePdu(wire, version, { limitReferences }));
        places.push(place);
      } catch (error) {
        results[place] = { ok: false, reason: reasonOf(error) };
      }
    }
    const verified = await verifyParsed(parsed, version, source, options);
    for (const [at, result] of verified.entries()) results[places[at]!] = result;
    return results;
  };

  return { verifyPdus, verifyParsed };
};
