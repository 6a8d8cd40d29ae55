// The certificate authorities that outgoing TLS trusts.

import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/** The same context each time. */
export type Trust = () => SecureContext;

/**
 * Those of the operating system (those that come with Node.js where it has none), of NODE_EXTRA_CA_CERTS, and `extraCa`,
 * a PEM text. Read at the first use and once: it takes tens of milliseconds. Server-Server API, "TLS".
 */
export function createTrust(extraCa: string | undefined): Trust {
  let context: SecureContext | undefined;
  return () => {
    context ??= createSecureContext({ ca: authorities(extraCa) });
    return context;
  };
}

function authorities(extraCa: string | undefined): string[] {
  const system = getCACertificates('system');
  const known = system.length > 0 ? system : getCACertificates('bundled');
  return [...new Set([...known, ...getCACertificates('extra'), ...(extraCa === undefined ? [] : [extraCa])])];
}
