// From a server name to where its requests go, which certificate it must show, and which Host it is asked by.
// Server-Server API, "Resolving server names"; the numbers are its steps.

import type { Resolver, SrvAnswer } from '../../http/outbound/resolver.ts';
import type { SrvTarget } from '../../http/outbound/srv-order.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { type ServerNameParts, splitServerName } from '../../protocol/ids/server-name.ts';
import { PeerError } from '../peer-error.ts';
import type { WellKnownLookup } from './well-known.ts';

export interface PeerTarget {
  /** A host name or an IP literal without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface PeerRoute {
  readonly hostHeader: string;
  /** The name or IP literal (without brackets) that the certificate must be good for. */
  readonly tlsName: string;
  /** In the order to try; at least one. */
  readonly targets: readonly PeerTarget[];
  /** How it was found, for people. */
  readonly steps: readonly string[];
}

export interface DiscoveryDeps {
  readonly wellKnown: WellKnownLookup;
  readonly resolver: Resolver;
}

const DEFAULT_PORT = 8448;

interface Found {
  readonly route: PeerRoute | undefined;
  readonly parts: ServerNameParts;
}

/** IP literals and explicit ports need no lookup: steps 1 and 2 for a server name, 3.1 and 3.2 for a delegated one. */
function direct(name: ServerName, steps: readonly string[]): Found {
  const parts = splitServerName(name);
  if (!parts) throw new PeerError(name, 'dns', 'not a server name');
  const { kind, host, port } = parts;
  if (kind === 'dns' && port === undefined) return { parts, route: undefined };
  const step = kind === 'dns' ? `${name} names its port` : `${name} is an IP address`;
  const targets = [{ host, port: port ?? DEFAULT_PORT }];
  // "The Host header in the request should be set to the server name, including the port if the server name included one."
  return { parts, route: { hostHeader: name, tlsName: host, targets, steps: [...steps, step] } };
}

/** A reserved name (RFC 2606) or the root (RFC 2782: "the service is decidedly not available at this domain"). */
const leadsNowhere = ({ host }: SrvTarget): boolean => host === '' || /(^|\.)invalid$/i.test(host);

const describeSrv = (name: string, { targets, failure }: SrvAnswer): string =>
  targets.length > 0
    ? `SRV ${name}: ${targets.map(({ host, port }) => `${host}:${port}`).join(', ')}`
    : `SRV ${name}: ${failure ?? 'none'}`;

/** Steps 3.3 to 3.5 for a delegated host name, 4 to 6 for one that is not. */
async function bySrv(server: ServerName, host: string, before: readonly string[], resolver: Resolver) {
  const names = [`_matrix-fed._tcp.${host}`, `_matrix._tcp.${host}`] as const;
  const [current, deprecated] = await Promise.all([resolver.srv(names[0]), resolver.srv(names[1])]);
  const steps = [...before, describeSrv(names[0], current)];
  let chosen = current;
  if (current.targets.length === 0) {
    chosen = deprecated;
    steps.push(describeSrv(names[1], deprecated));
  }
  if (chosen.targets.length > 0 && chosen.targets.every(leadsNowhere)) {
    throw new PeerError(server, 'dns', `the server is gone (${steps.at(-1)})`, { isDown: true, isGone: true });
  }
  const targets = chosen.targets.filter((target) => !leadsNowhere(target)).map(({ host, port }) => ({ host, port }));
  const route: PeerRoute = { hostHeader: host, tlsName: host, targets, steps };
  if (targets.length > 0) return route;
  return { ...route, targets: [{ host, port: DEFAULT_PORT }], steps: [...steps, `port ${DEFAULT_PORT}`] };
}

/** Throws PeerError `isGone` for a server that says so. That nothing answers there shows only when it is called. */
export async function discover(server: ServerName, { wellKnown, resolver }: DiscoveryDeps): Promise<PeerRoute> {
  const { parts, route } = direct(server, []);
  if (route) return route;
  const answer = await wellKnown.lookup(parts.host);
  switch (answer.kind) {
    case 'gone':
      throw new PeerError(server, 'http', 'the server is gone (410 for /.well-known/matrix/server)', {
        isDown: true,
        isGone: true,
        status: 410,
      });
    case 'none':
      return bySrv(server, parts.host, [`well-known: none (${answer.why})`], resolver);
    case 'delegated': {
      const steps = [`well-known: ${answer.server}`];
      const delegated = direct(answer.server, steps);
      return delegated.route ?? bySrv(server, delegated.parts.host, steps, resolver);
    }
  }
}
