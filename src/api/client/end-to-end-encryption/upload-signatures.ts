// POST /_matrix/client/v3/keys/signatures/upload: publishes signatures on devices and on master keys.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { Json } from '../../../protocol/events/json.ts';

const text = Type.String();

export const uploadSignatures = endpoint({
  route: 'POST /_matrix/client/v3/keys/signatures/upload',
  also: ['POST /_matrix/client/r0/keys/signatures/upload', 'POST /_matrix/client/unstable/keys/signatures/upload'],
  spec: 'client-server-api/#post_matrixclientv3keyssignaturesupload',
  auth: 'user',
  limit: 'account',
  body: Type.Record(text, Type.Record(text, Type.Object({}))),
  async handle({ caller, body }, { e2ee }: { e2ee: E2ee }) {
    const signed = body as Record<string, Record<string, Json>>;
    return { failures: await e2ee.uploadSignatures(caller, signed) };
  },
});
