// Opens connections, looking at every address before anything is sent to it. The address that was checked is the one
// that is connected to, so a name that changes its mind between check and use gains nothing.

import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.ts';
import { OutboundError } from './outbound-error.ts';

/** Where to connect instead of the URL's host: the URL still decides TLS name and Host. */
export interface ConnectTo {
  readonly host: string;
  readonly port: number;
}

function guardedLookup(guard: AddressGuard): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) {
        callback(new OutboundError('dns', `${hostname} cannot be resolved (${error.code})`, error), []);
        return;
      }
      const allowed = addresses.filter(({ address }) => guard.isAllowed(address));
      const first = allowed[0];
      if (!first) {
        callback(new OutboundError('refused', `${hostname} has only private or reserved addresses`), []);
      } else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** Certificate authorities are read once: doing it for each connection would take milliseconds. */
export const trustContext = (extraCa: string | undefined): ReturnType<typeof createSecureContext> | undefined =>
  extraCa === undefined ? undefined : createSecureContext({ ca: [...getCACertificates('default'), extraCa] });

export interface ConnectorOptions {
  readonly guard: AddressGuard;
  readonly secureContext: ReturnType<typeof trustContext>;
  readonly connectTimeoutMs: number;
  readonly connectTo: ConnectTo | undefined;
}

export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const { guard, secureContext, connectTimeoutMs, connectTo } = options;
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    lookup: guardedLookup(guard),
    ...(secureContext ? { secureContext } : {}),
  });
  return (target, callback) => {
    const hostname = connectTo?.host.replace(/^\[(.*)\]$/, '$1') ?? target.hostname;
    // Literal addresses are never looked up, so they are looked at here.
    if (isIP(hostname) !== 0 && !guard.isAllowed(hostname)) {
      callback(new OutboundError('refused', `${hostname} is a private or reserved address`), null);
      return;
    }
    // An IP address is no TLS server name (RFC 6066); for names it is the URL's, wherever the connection goes.
    const servername = isIP(target.hostname) === 0 ? target.hostname : undefined;
    connect(
      {
        ...target,
        hostname,
        ...(connectTo ? { port: String(connectTo.port) } : {}),
        ...(servername === undefined || target.protocol !== 'https:' ? {} : { servername }),
      },
      callback,
    );
  };
}
