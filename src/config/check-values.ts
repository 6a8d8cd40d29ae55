// Checks given values against the schema and names precisely what does not fit.

import type { ConfigProblem } from './config-error.ts';
import { isTree, type SchemaNode, type Tree } from './schema-tree.ts';
import { suggest } from './suggest.ts';

const shown = (value: unknown): string => {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a section';
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 60))}`;
  return typeof value === 'number' ? `the number ${value}` : JSON.stringify(value);
};

function wanted(node: SchemaNode): string {
  if (node.enum) return `one of ${node.enum.join(', ')}`;
  switch (node.type) {
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
      return 'a section of keys';
    case 'string':
      return 'a text';
    default:
      return node.type === 'integer' ? 'a whole number' : 'a number';
  }
}

function hasType(node: SchemaNode, value: unknown): boolean {
  if (node.enum) return typeof value === 'string' && node.enum.includes(value);
  switch (node.type) {
    case 'boolean':
    case 'string':
      return typeof value === node.type;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isTree(value);
    default:
      return node.type === 'integer'
        ? Number.isSafeInteger(value)
        : typeof value === 'number' && Number.isFinite(value);
  }
}

function boundsProblem(node: SchemaNode, value: unknown, isSecret: boolean): string | undefined {
  if (!hasType(node, value)) return `must be ${wanted(node)}, not ${isSecret ? '[secret]' : shown(value)}`;
  if (typeof value === 'number' && node.minimum !== undefined && value < node.minimum) {
    return `must be at least ${node.minimum}, not ${value}`;
  }
  if (typeof value === 'number' && node.maximum !== undefined && value > node.maximum) {
    return `must be at most ${node.maximum}, not ${value}`;
  }
  if (typeof value === 'string' && node.minLength !== undefined && value.length < node.minLength) {
    return 'must not be empty';
  }
  return undefined;
}

/** Names of a section's keys, with the `…File` form of its secrets. */
const namesIn = (node: SchemaNode): string[] =>
  Object.entries(node.properties ?? {}).flatMap(([name, child]) => (child.secret ? [name, `${name}File`] : [name]));

/** Every problem of `value` against `node`; `where` tells the source of a path. */
export function checkValues(
  node: SchemaNode,
  value: unknown,
  where: (path: readonly string[]) => string,
  path: readonly string[] = [],
): ConfigProblem[] {
  const problem = boundsProblem(node, value, node.secret === true);
  if (problem) return [{ key: path.join('.'), message: problem, source: where(path) }];
  if (node.properties) return checkSection(node, value as Tree, where, path);
  if (node.items && Array.isArray(value)) {
    const items = node.items;
    return value.flatMap((item, index) => checkValues(items, item, where, [...path, String(index)]));
  }
  return [];
}

function checkSection(
  node: SchemaNode,
  tree: Tree,
  where: (path: readonly string[]) => string,
  path: readonly string[],
): ConfigProblem[] {
  return Object.entries(tree).flatMap(([name, value]) => {
    const at = [...path, name];
    const child = node.properties?.[name];
    // An empty section ("media:" with nothing below) means its defaults.
    if (child && value === null) return [];
    if (child) return checkValues(child, value, where, at);
    if (namesIn(node).includes(name)) return checkValues({ type: 'string', minLength: 1 }, value, where, at);
    const nearest = suggest(name, namesIn(node));
    const hint = nearest ? `did you mean ${nearest}?` : `known here: ${namesIn(node).join(', ')}`;
    return [{ key: at.join('.'), message: `there is no such key; ${hint}`, source: where(at) }];
  });
}
