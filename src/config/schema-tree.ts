// The schema as a list of keys: for defaults, environment names, checks and the reference.

import type { TSchema } from '../lib/json-schema.ts';
import { configSchema } from './schema.ts';

/** What we use of a JSON schema node. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly secret?: true;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
}

export interface Key {
  readonly path: readonly string[];
  readonly node: SchemaNode;
}

export const rootNode = configSchema as TSchema as SchemaNode;

/** Every key that holds a value (not a section), in the order of the schema. */
export function leafKeys(node: SchemaNode = rootNode, path: readonly string[] = []): Key[] {
  if (!node.properties) return [{ path, node }];
  return Object.entries(node.properties).flatMap(([name, child]) => leafKeys(child, [...path, name]));
}

/** `media.maxUploadSizeBytes` is KINTSUGI_MEDIA_MAX_UPLOAD_SIZE_BYTES. */
export const environmentName = (path: readonly string[]): string =>
  `KINTSUGI_${path.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`)).join('_')}`.toUpperCase();

export type Tree = { [key: string]: unknown };

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function setPath(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree;
  for (const name of path.slice(0, -1)) {
    if (!isTree(at[name])) at[name] = {};
    at = at[name] as Tree;
  }
  at[path.at(-1) as string] = value;
}

export function getPath(tree: unknown, path: readonly string[]): unknown {
  let at = tree;
  for (const name of path) {
    if (!isTree(at)) return undefined;
    at = at[name];
  }
  return at;
}
