// Checks of ed25519 signatures over a text, on the calling thread or on those that do nothing else.
// Appendices, "Checking for a Signature".

import { PUBLIC_KEY_SIZE_BYTES, SIGNATURE_SIZE_BYTES, verify } from '../../lib/ed25519/ed25519.ts';
import { type SignedText, verifyOnThread } from '../../lib/ed25519/verifying-thread.ts';
import { decodeBase64 } from '../events/unpadded-base64.ts';

export interface TextToVerify {
  readonly text: string;
  /** Base64, as the key. */
  readonly signature: string;
  readonly publicKey: string;
}

/** undefined: not what a key and a signature look like. */
const decoded = ({ text, signature, publicKey }: TextToVerify): SignedText | undefined => {
  const [signatureBytes, keyBytes] = [decodeBase64(signature), decodeBase64(publicKey)];
  if (signatureBytes?.length !== SIGNATURE_SIZE_BYTES || keyBytes?.length !== PUBLIC_KEY_SIZE_BYTES) return undefined;
  return { text, signature: signatureBytes, publicKey: keyBytes };
};

/** false for a wrong signature and for anything that is not a key or a signature. Takes 65 µs of the calling thread. */
export const verifyText = (text: string, signature: string, publicKey: string): boolean => {
  const signed = decoded({ text, signature, publicKey });
  return signed !== undefined && verify(Buffer.from(text), signed.signature, signed.publicKey);
};

/** As verifyText for each of them, on the threads of signatures. In their order. */
export const verifyTexts = async (texts: readonly TextToVerify[]): Promise<readonly boolean[]> => {
  const signed = texts.map(decoded);
  const areValid = await verifyOnThread(signed.filter((each) => each !== undefined));
  let sent = 0;
  return signed.map((each) => each !== undefined && areValid[sent++]!);
};

/** As verifyText, on the threads of signatures. */
export const verifyTextAsync = async (text: string, signature: string, publicKey: string): Promise<boolean> =>
  (await verifyTexts([{ text, signature, publicKey }]))[0]!;
