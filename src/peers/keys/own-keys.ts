// This server's own keys as others see them. Server-Server API, "Publishing Keys".

import type { Identity } from '../../identity/identity.ts';
import type { Clock } from '../../lib/clock.ts';
import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import { signJson } from '../../protocol/signing/sign-json.ts';
import { VALIDITY_MS_MAX, type VerifyKey } from './verify-key.ts';

/** The document is made anew when it is older: "avoid returning responses that expire in less than an hour". */
const RENEW_MS = 300_000;

export interface OwnKeysDeps {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly keyValidityMs: number;
}

export function createOwnKeys({ identity, clock, keyValidityMs }: OwnKeysDeps) {
  const { serverName, signingKey, oldKeys } = identity;
  const verifyKeys = { [signingKey.keyId]: { key: signingKey.publicKey } };
  const retired = oldKeys.filter(({ keyId }) => keyId !== signingKey.keyId);
  const oldVerifyKeys = Object.fromEntries(
    retired.map(({ keyId, publicKey, expiredAt }) => [keyId, { key: publicKey, expired_ts: expiredAt }]),
  );
  let text = '';
  let madeTs = Number.NEGATIVE_INFINITY;

  return {
    /** The signed key document as canonical JSON. */
    document(): string {
      const now = clock.now();
      if (now - madeTs < RENEW_MS && now >= madeTs) return text;
      const document = {
        server_name: serverName,
        verify_keys: verifyKeys,
        old_verify_keys: oldVerifyKeys,
        valid_until_ts: now + Math.min(keyValidityMs, VALIDITY_MS_MAX),
      };
      text = canonicalJson(signJson(document, { name: serverName, key: signingKey }));
      madeTs = now;
      return text;
    },

    /** For what this server signed itself. */
    key(keyId: string): VerifyKey | undefined {
      if (keyId === signingKey.keyId) {
        return { publicKey: signingKey.publicKey, validUntilTs: Number.MAX_SAFE_INTEGER, expiredTs: null };
      }
      const old = retired.find((each) => each.keyId === keyId);
      return old && { publicKey: old.publicKey, validUntilTs: old.expiredAt, expiredTs: old.expiredAt };
    },
  };
}

export type OwnKeys = ReturnType<typeof createOwnKeys>;
