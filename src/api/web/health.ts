// GET /health: the process lives and answers. For supervisors that restart what does not.

import { endpoint } from '../../http/inbound/endpoint.ts';

export const getHealth = endpoint({
  route: 'GET /health',
  spec: 'kintsugi/operators/#health',
  auth: 'none',
  limit: 'none',
  handle: () => Promise.resolve({ status: 'ok' }),
});
