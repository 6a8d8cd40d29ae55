// GET /ready: this server can do its work now. For load balancers and roll-outs.

import { Answer, endpoint } from '../../http/inbound/endpoint.ts';

export interface Readiness {
  /** undefined: ready. Otherwise why not, for the operator. */
  reason(): Promise<string | undefined>;
}

export const getReadiness = endpoint({
  route: 'GET /ready',
  spec: 'kintsugi/operators/#ready',
  auth: 'none',
  limit: 'none',
  async handle(_request, { readiness }: { readiness: Readiness }) {
    const reason = await readiness.reason();
    if (reason === undefined) return { status: 'ready' };
    return new Answer(503, JSON.stringify({ status: 'not ready', reason }), { 'Content-Type': 'application/json' });
  },
});
