// Opens connections, looking at every address before anything is sent to it. The address that was checked is the one
// that is connected to, so a name that changes its mind between check and use gains nothing.

import { isIP, type Socket } from 'node:net';
import { callbackify } from 'node:util';
import buildConnector from 'undici/lib/core/connect.js';
import type { Clock } from '../../lib/clock.ts';
import type { AddressGuard } from './address-guard.ts';
import { type DialAttempt, describeAttempts, dial, interleaveFamilies } from './dial.ts';
import { asOutboundError, OutboundError } from './outbound-error.ts';
import type { HostAddresses, Resolver } from './resolver.ts';
import type { Trust } from './trust.ts';

/** Where to connect instead of the URL's host: the URL still decides TLS name and Host. */
export interface ConnectTo {
  readonly host: string;
  readonly port: number;
}

export interface ConnectorOptions {
  readonly clock: Clock;
  readonly guard: AddressGuard;
  readonly resolver: Resolver;
  readonly trust: Trust;
  /** For TCP, and again for the TLS handshake. */
  readonly connectTimeoutMs: number;
  readonly connectTo: ConnectTo | undefined;
  /** False: any certificate will do. */
  readonly verifiesTls: boolean;
  readonly onDial: (host: string, port: number, attempts: readonly DialAttempt[]) => void;
}

type StartTls = (target: buildConnector.Options, socket: Socket) => Promise<Socket>;

function tlsStarter({ trust, connectTimeoutMs, verifiesTls }: ConnectorOptions): StartTls {
  // Made for the first connection: reading the authorities takes a while.
  let connect: buildConnector.connector | undefined;
  return (target, socket) => {
    connect ??= buildConnector({
      timeout: connectTimeoutMs,
      allowH2: false,
      secureContext: trust(),
      rejectUnauthorized: verifiesTls,
    });
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    connect({ ...target, httpSocket: socket }, (error, secured) => {
      if (secured) resolve(secured);
      else reject(error ?? new Error('no connection'));
    });
    return promise;
  };
}

const failureOf = ({ ipv4, ipv6 }: HostAddresses): string =>
  `IPv4: ${ipv4.failure ?? 'no address'}; IPv6: ${ipv6.failure ?? 'no address'}`;

async function allowedAddresses(host: string, { guard, resolver }: ConnectorOptions): Promise<string[]> {
  // Literal addresses are never looked up, so they are looked at here.
  if (isIP(host) !== 0) {
    guard.check(host);
    return [host];
  }
  const found = await resolver.addresses(host);
  const all = [...found.ipv6.addresses, ...found.ipv4.addresses];
  if (all.length === 0) throw new OutboundError('dns', `${host} cannot be resolved (${failureOf(found)})`);
  const allowed = all.filter((address) => guard.isAllowed(address));
  if (allowed.length === 0) {
    throw new OutboundError('refused', `${host} has only private or reserved addresses (${all.join(', ')})`);
  }
  return interleaveFamilies(allowed);
}

const tlsError = (error: unknown, attempts: readonly DialAttempt[]): OutboundError => {
  const { message, stage } = asOutboundError(error);
  const why = stage === 'timeout' ? 'the TLS handshake took too long' : message;
  return new OutboundError('tls', `${why} (${describeAttempts(attempts)})`, error, attempts);
};

export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const { clock, connectTimeoutMs, connectTo, onDial } = options;
  const startTls = tlsStarter(options);

  const open = async (target: buildConnector.Options): Promise<Socket> => {
    const isTls = target.protocol === 'https:';
    const host = (connectTo?.host ?? target.hostname).replace(/^\[(.*)\]$/, '$1');
    const port = connectTo?.port ?? (Number(target.port) || (isTls ? 443 : 80));
    let left = await allowedAddresses(host, options);
    const attempts: DialAttempt[] = [];
    const report = (more: readonly DialAttempt[]): void => {
      attempts.push(...more);
      onDial(host, port, attempts);
    };
    for (;;) {
      const dialled = await dial(left, port, { clock, timeoutMs: connectTimeoutMs }).catch((error: OutboundError) => {
        report(error.attempts);
        throw new OutboundError('tcp', `cannot connect (${describeAttempts(attempts)})`, error, attempts);
      });
      const { socket } = dialled;
      if (!isTls) {
        report(dialled.attempts);
        socket.setKeepAlive(true, 60_000);
        return socket;
      }
      try {
        const secured = await startTls(tlsTarget(target), socket);
        report(dialled.attempts);
        return secured;
      } catch (error) {
        socket.destroy();
        const why = `connected, then TLS failed: ${asOutboundError(error).message}`;
        report(dialled.attempts.map((each) => (each.outcome === 'connected' ? { ...each, outcome: why } : each)));
        // The other family may lead to a machine in better order.
        const family = dialled.attempts.find(({ outcome }) => outcome === 'connected')?.family;
        left = left.filter((address) => isIP(address) !== family);
        if (left.length === 0) throw tlsError(error, attempts);
      }
    }
  };

  const opened = callbackify(open);
  return (target, callback) => {
    opened(target, (error, socket) => (error ? callback(error, null) : callback(null, socket)));
  };
}

/** An IP address is no TLS server name (RFC 6066); for names it is the URL's, wherever the connection goes. */
function tlsTarget(target: buildConnector.Options): buildConnector.Options {
  const { servername: _, ...rest } = target;
  const hostname = target.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  return isIP(hostname) === 0 ? { ...rest, hostname, servername: hostname } : { ...rest, hostname };
}
