// The signature of a request between servers: over its method, target, both servers and its body.
// Server-Server API, "Request Authentication".

import { canonicalString } from '../canonical-json/canonical-json.ts';
import type { ServerName } from '../ids/branded.ts';
import { signText } from '../signing/sign-json.ts';
import type { SigningKey } from '../signing/signing-key.ts';
import { verifyTextAsync } from '../signing/verify-text.ts';
import { type XMatrixCredentials, xMatrixHeader } from './credentials.ts';

export interface SignedRequest {
  /** In capitals. */
  readonly method: string;
  /** "the full path starting with /_matrix/..., including the ? and any query parameters", exactly as it is sent. */
  readonly uri: string;
  readonly origin: ServerName;
  readonly destination: ServerName;
  /**
   * The body's canonical JSON; undefined without a body. Of a received body: canonicalJson in lossless mode of
   * parseJsonLossless, since it may hold events of old room versions.
   */
  readonly contentJson: string | undefined;
}

/** The canonical JSON that is signed. */
export const signedRequestText = ({ method, uri, origin, destination, contentJson }: SignedRequest): string =>
  `{${contentJson === undefined ? '' : `"content":${contentJson},`}"destination":${canonicalString(destination)},` +
  `"method":${canonicalString(method)},"origin":${canonicalString(origin)},"uri":${canonicalString(uri)}}`;

/** The value of the Authorization header. */
export const signRequest = (request: SignedRequest, key: SigningKey): string => {
  const { origin, destination } = request;
  const signature = signText(signedRequestText(request), key);
  return xMatrixHeader({ origin, destination, keyId: key.keyId, signature });
};

/** Whether the credentials' key signed the request; on the threads of signatures. `publicKey`: base64. */
export const verifyRequest = (
  request: SignedRequest,
  credentials: XMatrixCredentials,
  publicKey: string,
): Promise<boolean> => verifyTextAsync(signedRequestText(request), credentials.signature, publicKey);
