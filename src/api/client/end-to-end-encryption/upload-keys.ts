// POST /_matrix/client/v3/keys/upload: publishes the device's identity, one-time and fallback keys.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import type { DeviceKeys } from '../../../e2ee/upload-keys.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { Json } from '../../../protocol/events/json.ts';

const text = Type.String();
const signatures = Type.Record(text, Type.Record(text, text));

const deviceKeys = Type.Object({
  user_id: text,
  device_id: text,
  algorithms: Type.Array(text),
  keys: Type.Record(text, text),
  signatures,
});

const keys = Type.Record(text, Type.Union([text, Type.Object({ key: text, signatures })]));

export const uploadKeys = endpoint({
  route: 'POST /_matrix/client/v3/keys/upload',
  also: ['POST /_matrix/client/r0/keys/upload'],
  spec: 'client-server-api/#post_matrixclientv3keysupload',
  auth: 'guest',
  limit: 'account',
  body: Type.Object({
    device_keys: Type.Optional(deviceKeys),
    one_time_keys: Type.Optional(keys),
    fallback_keys: Type.Optional(keys),
    // As clients of the proposal (MSC2732) still name them.
    'org.matrix.msc2732.fallback_keys': Type.Optional(keys),
  }),
  async handle({ caller, body }, { e2ee }: { e2ee: E2ee }) {
    const counts = await e2ee.uploadKeys(caller, {
      deviceKeys: body.device_keys as DeviceKeys | undefined,
      oneTimeKeys: (body.one_time_keys ?? {}) as Record<string, Json>,
      fallbackKeys: (body.fallback_keys ?? body['org.matrix.msc2732.fallback_keys'] ?? {}) as Record<string, Json>,
    });
    return { one_time_key_counts: counts };
  },
});
