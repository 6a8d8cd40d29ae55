// GET /metrics: Prometheus metrics, for this machine, or for everybody when the configuration says so.

import type { Config } from '../../config/schema.ts';
import { Answer, endpoint } from '../../http/inbound/endpoint.ts';
import { type Cidr, isWithin, parseAddress, parseCidr } from '../../lib/address.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { forbidden } from '../../protocol/errors/matrix-error.ts';

const loopback = ['127.0.0.0/8', '::1/128'].map((text) => parseCidr(text) as Cidr);

const isLoopback = (text: string): boolean => {
  const address = parseAddress(text);
  return address !== undefined && loopback.some((network) => isWithin(address, network));
};

export const getMetrics = endpoint({
  route: 'GET /metrics',
  spec: 'kintsugi/operators/#metrics',
  auth: 'none',
  limit: 'none',
  async handle({ address, headers }, { config, metrics }: { config: Config; metrics: Metrics }) {
    // A proxy on this machine that is not trusted would make everybody local: what it forwards is not.
    const isForwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
    const isLocal = isLoopback(address) && !isForwarded;
    if (!config.metrics.enabled && !isLocal) throw forbidden('Metrics are for this machine only (metrics.enabled).');
    return new Answer(200, await metrics.render(), { 'Content-Type': metrics.contentType });
  },
});
