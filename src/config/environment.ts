// Configuration from environment variables (KINTSUGI_…) and command line flags: texts, read by the type of their key.

import type { ConfigProblem } from './config-error.ts';
import { environmentName, type Key, leafKeys, type SchemaNode } from './schema-tree.ts';
import { suggest } from './suggest.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value with the place it was given at. */
export interface GivenValue {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly source: string;
}

/** Other names of variables that are promised to stay. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  KINTSUGI_EXTRA_CA: ['federation', 'extraCaFile'],
  KINTSUGI_DATA: ['dataDirectory'],
};
/** Read by the command line itself. */
const ownNames = ['KINTSUGI_CONFIG'];

/** What a text means for a key of this type; a text that does not fit stays a text and is refused by the check. */
export function readText(node: SchemaNode, text: string): unknown {
  if (node.type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  if ((node.type === 'integer' || node.type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (node.type !== 'array') return text;
  if (text.trimStart().startsWith('[') && node.items?.type !== 'string') return parseList(text);
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const fileKey = ({ path, node }: Key): Key => ({
  path: [...path.slice(0, -1), `${path.at(-1)}File`],
  node: { type: 'string', description: node.description ?? '' },
});

export interface FromEnvironment {
  readonly values: readonly GivenValue[];
  /** Variables that begin with KINTSUGI_ but mean nothing: told, not refused, for the name may be another program's. */
  readonly warnings: readonly ConfigProblem[];
}

export function readEnvironment(environment: Environment): FromEnvironment {
  const keys = new Map<string, Key>();
  for (const key of leafKeys()) {
    keys.set(environmentName(key.path), key);
    if (key.node.secret) keys.set(environmentName(fileKey(key).path), fileKey(key));
  }
  for (const [name, path] of Object.entries(aliases)) keys.set(name, { path, node: { type: 'string' } });
  const values: GivenValue[] = [];
  const warnings: ConfigProblem[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('KINTSUGI_') || text === undefined || text === '' || ownNames.includes(name)) continue;
    const key = keys.get(name);
    if (key) values.push({ path: key.path, value: readText(key.node, text), source: name });
    else {
      const nearest = suggest(name, [...keys.keys()]);
      const message = `no key has this variable${nearest ? `; did you mean ${nearest}?` : ''}`;
      warnings.push({ key: '', message, source: name });
    }
  }
  return { values, warnings };
}
