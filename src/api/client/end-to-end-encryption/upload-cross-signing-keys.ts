// POST /_matrix/client/v3/keys/device_signing/upload: publishes the user's cross-signing keys.

import type { Auth } from '../../../auth/auth.ts';
import type { E2ee } from '../../../e2ee/e2ee.ts';
import type { CrossSigningKeys } from '../../../e2ee/upload-cross-signing-keys.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { Type } from '../../../lib/json-schema.ts';
import { isJsonObject, type JsonObject } from '../../../protocol/events/json.ts';

const key = Type.Optional(Type.Object({}));

const keysOf = (body: JsonObject): CrossSigningKeys => {
  const { master_key: master, self_signing_key: selfSigning, user_signing_key: userSigning } = body;
  return {
    ...(isJsonObject(master) && { master }),
    ...(isJsonObject(selfSigning) && { self_signing: selfSigning }),
    ...(isJsonObject(userSigning) && { user_signing: userSigning }),
  };
};

export const uploadCrossSigningKeys = endpoint({
  route: 'POST /_matrix/client/v3/keys/device_signing/upload',
  also: [
    'POST /_matrix/client/r0/keys/device_signing/upload',
    'POST /_matrix/client/unstable/keys/device_signing/upload',
  ],
  spec: 'client-server-api/#post_matrixclientv3keysdevice_signingupload',
  auth: 'user',
  limit: 'account',
  body: Type.Object({ master_key: key, self_signing_key: key, user_signing_key: key, auth: Type.Optional(Type.Any()) }),
  async handle({ caller, body: checked }, { e2ee, auth }: { e2ee: E2ee; auth: Pick<Auth, 'confirmOwner'> }) {
    const body = checked as JsonObject;
    const uploader = { user: caller.user, userId: caller.userId };
    const keys = keysOf(body);
    // A body of `auth` alone goes on with the keys of the request before it.
    const isContinued = body.auth !== undefined && Object.keys(keys).length === 0;
    if (!isContinued) {
      const isAuthenticated = caller.appservice !== undefined;
      const outcome = await e2ee.uploadCrossSigningKeys({ ...uploader, isAuthenticated }, keys);
      if (outcome === 'stored') return {};
    }
    const confirmed = keysOf(await auth.confirmOwner(caller, 'POST /keys/device_signing/upload', body));
    await e2ee.uploadCrossSigningKeys({ ...uploader, isAuthenticated: true }, confirmed);
    return {};
  },
});
