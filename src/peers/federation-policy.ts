// Which servers this one talks with at all, by its operator's lists.

import { compileGlob, type Glob, matchesWhole } from '../lib/glob.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import { splitServerName } from '../protocol/ids/server-name.ts';

/** A list of globs over server names; a pattern without a port is good for every port. Case does not matter. */
export function serverMatcher(patterns: readonly string[]): (server: ServerName | string) => boolean {
  const globs: readonly Glob[] = patterns.map((pattern) => compileGlob(pattern.toLowerCase()));
  return (server) => {
    if (globs.length === 0) return false;
    const name = server.toLowerCase();
    const host = splitServerName(name)?.host ?? name;
    return globs.some((glob) => matchesWhole(glob, name) || matchesWhole(glob, host));
  };
}

export interface FederationPolicyConfig {
  readonly enabled: boolean;
  readonly denyServers: readonly string[];
  readonly allowServers: readonly string[];
}

/** Whether the server may be called and answered. */
export function federationPolicy({ enabled, denyServers, allowServers }: FederationPolicyConfig) {
  const isDenied = serverMatcher(denyServers);
  const isListed = serverMatcher(allowServers);
  return (server: ServerName): boolean =>
    enabled && !isDenied(server) && (allowServers.length === 0 || isListed(server));
}
