// The client's address: the socket's, or what trusted proxies say it is.

import type { IncomingMessage } from 'node:http';
import { type Cidr, isWithin, parseAddress } from '../../lib/address.ts';

const isTrusted = (text: string, proxies: readonly Cidr[]): boolean => {
  const address = parseAddress(text);
  return address !== undefined && proxies.some((proxy) => isWithin(address, proxy));
};

/** An IPv4 client on a dual-stack socket shows up mapped into IPv6. */
const unmapped = (text: string): string => (text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text);

/** Reads X-Forwarded-For from the right, past trusted proxies: what stands further left can be forged. */
export function clientAddress(request: IncomingMessage, proxies: readonly Cidr[]): string {
  const peer = unmapped(request.socket.remoteAddress ?? '');
  const forwarded = request.headers['x-forwarded-for'];
  if (proxies.length === 0 || forwarded === undefined || !isTrusted(peer, proxies)) return peer;
  const hops = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded).split(',').slice(-20);
  let client = peer;
  for (const hop of hops.reverse()) {
    const text = hop.trim().replace(/^\[(.*)\](:\d+)?$/, '$1');
    if (!parseAddress(text)) return client;
    client = unmapped(text);
    if (!isTrusted(text, proxies)) return client;
  }
  return client;
}
