// Where a redirect leads, and what goes along.

import type { OutboundRequest } from './outbound.ts';
import { OutboundError } from './outbound-error.ts';

const redirects = new Set([301, 302, 303, 307, 308]);

/** Secrets are for the server they were meant for. */
function headersFor(headers: Readonly<Record<string, string>>, isSameOrigin: boolean, keepsBody: boolean) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => {
      const lower = name.toLowerCase();
      if (lower === 'host') return false;
      if (!isSameOrigin && (lower === 'authorization' || lower === 'cookie')) return false;
      return keepsBody || !lower.startsWith('content-');
    }),
  );
}

/** undefined: no redirect. Throws OutboundError `refused` when it leads from https to http or to no URL. */
export function nextHop(
  from: OutboundRequest,
  status: number,
  location: string | string[] | undefined,
): OutboundRequest | undefined {
  const target = Array.isArray(location) ? location[0] : location;
  if (!redirects.has(status) || target === undefined) return undefined;
  const url = URL.parse(target, from.url);
  if (!url) throw new OutboundError('refused', 'a redirect leads to no URL');
  const origin = new URL(from.url);
  if (origin.protocol === 'https:' && url.protocol !== 'https:') {
    throw new OutboundError('refused', 'a redirect leads from https to http');
  }
  const { body, connectTo: _connectTo, verifiesTls: _verifiesTls, headers = {}, method = 'GET', ...rest } = from;
  // RFC 9110: 303 always, and by custom 301 and 302 after POST, continue with GET.
  const becomesGet = status === 303 ? method !== 'HEAD' : method === 'POST' && status < 303;
  const keepsBody = !becomesGet && body !== undefined;
  return {
    ...rest,
    url: url.href,
    method: becomesGet ? 'GET' : method,
    headers: headersFor(headers, url.origin === origin.origin, keepsBody),
    ...(keepsBody ? { body } : {}),
  };
}
