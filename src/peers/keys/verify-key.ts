// A key of a server, and for which times it is good. Server-Server API, "Publishing Keys".

import type { ServerName } from '../../protocol/ids/branded.ts';

export interface VerifyKey {
  /** Unpadded base64. */
  readonly publicKey: string;
  readonly validUntilTs: number;
  /** null: in use. */
  readonly expiredTs: number | null;
}

export interface KeyWanted {
  readonly server: ServerName;
  /** `ed25519:<version>`. */
  readonly keyId: string;
  /** When something was signed with it; 0 where any time will do (events of room versions 1 to 4). */
  readonly atTs: number;
}

/** "Servers MUST use the lesser of this field and 7 days into the future when determining if a key is valid." */
export const VALIDITY_MS_MAX = 7 * 24 * 3_600_000;

/** "valid_until_ts: Keys used beyond this timestamp MUST be considered invalid"; old keys are good for what was signed before. */
export const isGoodAt = ({ validUntilTs, expiredTs }: VerifyKey, atTs: number): boolean =>
  expiredTs === null ? atTs <= validUntilTs : atTs < expiredTs;
