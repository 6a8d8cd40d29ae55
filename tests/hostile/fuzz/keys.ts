// Key documents, damaged and signed again or not.

import { verifyKeyDocument } from '../../../src/peers/keys/key-document.ts';
import { parseJsonLossless } from '../../../src/protocol/canonical-json/parse-json.ts';
import type { JsonObject } from '../../../src/protocol/events/json.ts';
import type { ServerName } from '../../../src/protocol/ids/branded.ts';
import { signJson } from '../../../src/protocol/signing/sign-json.ts';
import { verifyText } from '../../../src/protocol/signing/verify-text.ts';
import { testSigningKey } from '../../harness/foreign-events.ts';
import { keyDocument, testKey } from '../../harness/peer-server.ts';
import type { SeededRandom } from '../../harness/seeded-random.ts';
import { mutated, mutatedText, textOf } from './mutate.ts';
import { canonical } from './oracle.ts';
import { refusal, type Target } from './target.ts';

const CASES = 50;
const name = 'b.example:1' as ServerName;
const old = { 'ed25519:old': { key: testKey('ed25519:old').publicKey, expired_ts: 5 } };

const documentText = (random: SeededRandom): string => {
  const good = keyDocument(name, { keys: [testSigningKey, testKey('ed25519:two')], validUntilTs: 1e12, old });
  const lot = random.below(10);
  if (lot === 0) return JSON.stringify(good);
  if (lot === 1) return mutatedText(JSON.stringify(good), random);
  const text = textOf(mutated(good, random));
  if (lot < 6) return text;
  try {
    return JSON.stringify(signJson(JSON.parse(text) as JsonObject, { name, key: testSigningKey }));
  } catch {
    return text;
  }
};

type Entries = Record<string, Record<string, string> | undefined>;

/** Whether a current key has signed it. */
const isSigned = (text: string): boolean => {
  const { signatures, unsigned: _, ...rest } = JSON.parse(text) as JsonObject;
  const own = (signatures as Entries)[name] ?? {};
  return Object.entries(rest.verify_keys as Entries).some(([keyId, entry]) =>
    verifyText(canonical(rest), String(own[keyId]), String(entry?.key)),
  );
};

export const keys: Target = {
  name: 'keys',
  share: 10,
  async play(round) {
    const { random, count, fail } = round;
    for (let left = CASES; left > 0; left--) {
      const text = documentText(random);
      try {
        const verdict = await verifyKeyDocument(parseJsonLossless(text), name);
        if (verdict.ok && !isSigned(text)) fail('a document was believed that its server has not signed', text);
        count(verdict.ok ? 'believed' : 'refused');
      } catch (error) {
        refusal(round, error, text);
      }
    }
  },
};
