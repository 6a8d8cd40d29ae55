// The effective configuration as YAML, for people to look at: secrets are hidden.

import { stringify } from 'yaml';
import type { Config } from './schema.ts';
import { getPath, leafKeys, setPath, type Tree } from './schema-tree.ts';

/** Where the database is stays worth seeing; user, password and options do not. */
function withoutPassword(database: string): string {
  if (database === 'sqlite') return database;
  const url = URL.parse(database);
  return url ? `${url.protocol}//[secret]@${url.host}${url.pathname}` : '[secret]';
}

export function printConfig(config: Config): string {
  const tree = structuredClone(config) as unknown as Tree;
  for (const { path, node } of leafKeys()) {
    const value = getPath(tree, path);
    if (!node.secret || typeof value !== 'string') continue;
    setPath(tree, path, path[0] === 'database' ? withoutPassword(value) : '[secret]');
  }
  return stringify(tree, { lineWidth: 120 });
}
