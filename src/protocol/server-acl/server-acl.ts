// Which servers may take part in a room, by its m.room.server_acl.
// Client-Server API, "Server Access Control Lists (ACLs) for rooms"; Server-Server API, "Server Access Control Lists".

import { compileGlob, type Glob, matchesWhole } from '../../lib/glob.ts';
import type { Json, JsonObject } from '../events/json.ts';
import type { ServerName } from '../ids/branded.ts';
import { splitServerName } from '../ids/server-name.ts';

interface ServerAcl {
  readonly allowsIpLiterals: boolean;
  readonly allow: readonly Glob[];
  readonly deny: readonly Glob[];
}

/** Contents are shared and never change: each list is compiled once. */
const compiled = new WeakMap<JsonObject, ServerAcl>();

/** "The ACL is applied … case-insensitively"; what is no text matches nobody. */
const globsOf = (list: Json | undefined): Glob[] => {
  if (!Array.isArray(list)) return [];
  const patterns = list.filter((entry) => typeof entry === 'string');
  return [...new Set(patterns.map((pattern) => pattern.toLowerCase()))].map((pattern) => compileGlob(pattern));
};

const aclOf = (content: JsonObject): ServerAcl => {
  const known = compiled.get(content);
  if (known) return known;
  const own = (key: string): Json | undefined => (Object.hasOwn(content, key) ? content[key] : undefined);
  const acl = {
    // "Defaults to true if missing or otherwise not a boolean."
    allowsIpLiterals: own('allow_ip_literals') !== false,
    allow: globsOf(own('allow')),
    deny: globsOf(own('deny')),
  };
  compiled.set(content, acl);
  return acl;
};

/** `content`: of the m.room.server_acl in the room's current state; undefined: there is none. Ports do not count. */
export const mayTakePart = (content: JsonObject | undefined, serverName: ServerName): boolean => {
  // "If there is no m.room.server_acl event in the room state, allow."
  if (content === undefined) return true;
  const parts = splitServerName(serverName.toLowerCase());
  if (!parts) return false;
  const acl = aclOf(content);
  // "If the server name is an IP address (v4 or v6) literal, and allow_ip_literals is present and false, deny."
  if (parts.kind !== 'dns' && !acl.allowsIpLiterals) return false;
  const name = parts.kind === 'ipv6' ? `[${parts.host}]` : parts.host;
  const isMatch = (glob: Glob): boolean => matchesWhole(glob, name);
  // "If the server name matches an entry in the deny list, deny."
  if (acl.deny.some(isMatch)) return false;
  // "If the server name matches an entry in the allow list, allow. Otherwise, deny."
  return acl.allow.some(isMatch);
};
