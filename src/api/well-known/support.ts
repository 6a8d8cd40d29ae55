// GET /.well-known/matrix/support: whom to ask about this server.

import type { Config } from '../../config/schema.ts';
import { endpoint } from '../../http/inbound/endpoint.ts';
import { notFound } from '../../protocol/errors/matrix-error.ts';

export const getWellKnownSupport = endpoint({
  route: 'GET /.well-known/matrix/support',
  spec: 'client-server-api/#getwell-knownmatrixsupport',
  auth: 'none',
  limit: 'none',
  async handle(_request, { config }: { config: Config }) {
    const { matrixId, email, supportPage } = config.admin;
    const hasContact = matrixId !== undefined || email !== undefined;
    if (!hasContact && supportPage === undefined) throw notFound('No contact was configured.');
    const contact = {
      role: 'm.role.admin',
      ...(matrixId === undefined ? {} : { matrix_id: matrixId }),
      ...(email === undefined ? {} : { email_address: email }),
    };
    return {
      ...(hasContact ? { contacts: [contact] } : {}),
      ...(supportPage === undefined ? {} : { support_page: supportPage }),
    };
  },
});
