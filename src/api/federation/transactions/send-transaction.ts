// PUT /_matrix/federation/v1/send/{txnId}: events and EDUs of another server.

import type { IncomingTransactions } from '../../../federation/inbound/incoming-transactions.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const sendTransaction = endpoint({
  route: 'PUT /_matrix/federation/v1/send/{txnId}',
  also: ['PUT /_matrix/federation/v1/send/{txnId}/'],
  spec: 'server-server-api/#put_matrixfederationv1sendtxnid',
  auth: 'server',
  limit: 'none',
  params: { txnId: text },
  body: 'object',
  async handle({ caller, params, body, bodyText }, { federation }: { federation: { inbound: IncomingTransactions } }) {
    return jsonText(
      await federation.inbound.receive({ origin: caller.serverName, txnId: params.txnId, body, bodyText }),
    );
  },
});
