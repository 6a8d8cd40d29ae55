// The key of all servers that the bench plays, and the documents that tell it.

import { canonicalJson } from '../../src/protocol/canonical-json/canonical-json.ts';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import { signJson } from '../../src/protocol/signing/sign-json.ts';
import { signingKeyFromSeed } from '../../src/protocol/signing/signing-key.ts';

export const benchKey = signingKeyFromSeed('ed25519:bench', Buffer.alloc(32, 'bench').toString('base64'));

const DAY_MS = 24 * 3_600_000;

/** Server-Server API, "Publishing Keys". */
export const keyDocument = (name: ServerName): string =>
  canonicalJson(
    signJson(
      {
        server_name: name,
        verify_keys: { [benchKey.keyId]: { key: benchKey.publicKey } },
        old_verify_keys: {},
        valid_until_ts: Date.now() + DAY_MS,
      },
      { name, key: benchKey },
    ),
  );
