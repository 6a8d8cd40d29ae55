// Whether a request really comes from the server that it names. Server-Server API, "Request Authentication".

import type { SignedRequest } from '../../http/inbound/ports.ts';
import type { Clock } from '../../lib/clock.ts';
import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import { parseJsonLossless } from '../../protocol/canonical-json/parse-json.ts';
import { forbidden, unauthorized } from '../../protocol/errors/matrix-error.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { type XMatrixCredentials, xMatrixCredentials } from '../../protocol/x-matrix/credentials.ts';
import { verifyRequest as verifySignature } from '../../protocol/x-matrix/sign-request.ts';
import type { Destinations } from '../destinations/destinations.ts';
import { isReadableKeyId } from '../keys/key-document.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { isGoodAt } from '../keys/verify-key.ts';

export interface VerifierDeps {
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly ring: KeyRing;
  readonly destinations: Destinations;
  readonly isAllowed: (server: ServerName) => boolean;
}

/** The sender waits for its answer meanwhile. */
const KEY_TIMEOUT_MS = 15_000;

interface Signed {
  readonly request: SignedRequest;
  readonly destination: ServerName;
  readonly contentJson: string | undefined;
}

const isSignedBy = (
  credentials: XMatrixCredentials,
  publicKey: string,
  { request, destination, contentJson }: Signed,
): Promise<boolean> => {
  const { method, target: uri } = request;
  return verifySignature({ method, uri, origin: credentials.origin, destination, contentJson }, credentials, publicKey);
};

/** Throws M_BAD_JSON for a body without a canonical form. */
const canonicalBody = (text: string): string => canonicalJson(parseJsonLossless(text), 'lossless');

export function createVerifier({ clock, serverName, ring, destinations, isAllowed }: VerifierDeps) {
  const counts = { good: 0, refused: 0 };

  /** The credentials whose key is known and in use now, with the key. */
  const withKeys = async (credentials: readonly XMatrixCredentials[]) => {
    const now = clock.now();
    const readable = credentials.filter(({ keyId }) => isReadableKeyId(keyId));
    const wants = readable.map(({ origin, keyId }) => ({ server: origin, keyId, atTs: now }));
    const find = await ring.keysFor(wants, KEY_TIMEOUT_MS);
    return readable.flatMap((each) => {
      const key = find(each.origin, each.keyId);
      // Old keys "are only valid for signing events".
      return key && key.expiredTs === null && isGoodAt(key, now) ? [{ credentials: each, key }] : [];
    });
  };

  const verify = async (request: SignedRequest): Promise<ServerName> => {
    const credentials = xMatrixCredentials(request.authorization, serverName);
    const origin = credentials[0]?.origin;
    if (origin === undefined || origin === serverName) throw unauthorized('A server does not call itself');
    if (!isAllowed(origin)) throw forbidden(`Federation with ${origin} is not allowed here`);
    const usable = await withKeys(credentials);
    if (usable.length === 0) throw unauthorized(`The signing key of ${origin} is not known or not valid`);
    const text = request.content === undefined ? undefined : request.contentText;
    // Most bodies are canonical as they come: only when the signature is not over the text itself is it rewritten.
    for (const { credentials: each, key } of usable) {
      if (await isSignedBy(each, key.publicKey, { request, destination: serverName, contentJson: text })) return origin;
    }
    const canonical = text === undefined ? undefined : canonicalBody(text);
    for (const { credentials: each, key } of canonical === text ? [] : usable) {
      const signed = { request, destination: serverName, contentJson: canonical };
      if (await isSignedBy(each, key.publicKey, signed)) return origin;
    }
    throw unauthorized(`The signature of ${origin} is wrong`);
  };

  return {
    /** Throws M_UNAUTHORIZED (401), and M_FORBIDDEN for servers that the configuration excludes. */
    async verifyServer(request: SignedRequest): Promise<ServerName> {
      try {
        const origin = await verify(request);
        counts.good += 1;
        // "A request that arrives": the server is there, whatever was thought of it.
        destinations.noteHeard(origin);
        return origin;
      } catch (error) {
        counts.refused += 1;
        throw error;
      }
    },
    counts: (): Readonly<typeof counts> => counts,
  };
}
