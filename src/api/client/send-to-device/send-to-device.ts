// PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}: sends messages to devices.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';
import { byUserId } from '../end-to-end-encryption/user-map.ts';

export const sendToDevice = endpoint({
  route: 'PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}',
  also: ['PUT /_matrix/client/r0/sendToDevice/{eventType}/{txnId}'],
  spec: 'client-server-api/#put_matrixclientv3sendtodeviceeventtypetxnid',
  auth: 'guest',
  limit: 'message',
  params: { eventType: text, txnId: text },
  body: Type.Object({ messages: Type.Record(Type.String(), Type.Record(Type.String(), Type.Object({}))) }),
  async handle({ caller, params, body }, { e2ee }: { e2ee: E2ee }) {
    const messages = byUserId(body.messages as Record<string, Record<string, JsonObject>>);
    await e2ee.sendToDevice(caller, { type: params.eventType, txnId: params.txnId, messages });
    return {};
  },
});
