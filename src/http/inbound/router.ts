// Finds the endpoint of a method and path. Routes are whole segments, so a tree of segments is all it takes:
// percent-decoding happens once for each segment, and an encoded slash never splits one.

export interface Match<T> {
  readonly value: T;
  /** Names and decoded texts of the parameters, in the order of the path. */
  readonly names: readonly string[];
  readonly texts: readonly string[];
}

export type Found<T> =
  | { readonly kind: 'match'; readonly match: Match<T> }
  /** The path exists, for other methods. */
  | { readonly kind: 'method'; readonly allowed: readonly string[] }
  | { readonly kind: 'none' }
  /** The path's percent-encoding is no UTF-8. */
  | { readonly kind: 'encoding' };

interface Leaf<T> {
  readonly value: T;
  readonly names: readonly string[];
}

interface Node<T> {
  readonly statics: Map<string, Node<T>>;
  param: Node<T> | undefined;
  rest: Map<string, Leaf<T>> | undefined;
  readonly leaves: Map<string, Leaf<T>>;
}

const emptyNode = <T>(): Node<T> => ({ statics: new Map(), param: undefined, rest: undefined, leaves: new Map() });

const notFound = { kind: 'none' } as const;
const badEncoding = { kind: 'encoding' } as const;

export interface Router<T> {
  /** `route` is "METHOD /path/{param}". Throws when the same method and path is there already. */
  add(route: string, value: T): void;
  /** `path` is percent-encoded and without query. */
  find(method: string, path: string): Found<T>;
}

interface Search<T> {
  readonly method: string;
  readonly segments: readonly string[];
  readonly texts: string[];
  found: Leaf<T> | undefined;
  readonly allowed: Set<string>;
}

function take<T>(search: Search<T>, leaves: Map<string, Leaf<T>>): boolean {
  search.found = leaves.get(search.method);
  if (search.found) return true;
  for (const method of leaves.keys()) search.allowed.add(method);
  return false;
}

/** Depth first, fixed segments before parameters; depth is bounded by the longest route. */
function walk<T>(node: Node<T>, index: number, search: Search<T>): boolean {
  const { segments, texts } = search;
  if (index === segments.length) return take(search, node.leaves);
  const segment = segments[index] as string;
  const fixed = node.statics.get(segment);
  if (fixed && walk(fixed, index + 1, search)) return true;
  if (node.param && segment !== '') {
    texts.push(segment);
    if (walk(node.param, index + 1, search)) return true;
    texts.pop();
  }
  if (node.rest) {
    texts.push(segments.slice(index).join('/'));
    if (take(search, node.rest)) return true;
    texts.pop();
  }
  return false;
}

function decoded(segments: readonly string[]): string[] | undefined {
  try {
    return segments.map((segment) => (segment.includes('%') ? decodeURIComponent(segment) : segment));
  } catch {
    return undefined;
  }
}

function insert<T>(root: Node<T>, route: string, value: T): void {
  const [method = '', path = ''] = route.split(' ');
  const names: string[] = [];
  let node = root;
  let leaves: Map<string, Leaf<T>> | undefined;
  for (const segment of path.slice(1).split('/')) {
    const name = /^\{(\w+)(\*?)\}$/.exec(segment);
    if (!name) {
      const next = node.statics.get(segment) ?? emptyNode<T>();
      node.statics.set(segment, next);
      node = next;
      continue;
    }
    names.push(name[1] as string);
    if (name[2] === '*') {
      node.rest ??= new Map();
      leaves = node.rest;
    } else {
      node.param ??= emptyNode();
      node = node.param;
    }
  }
  leaves ??= node.leaves;
  if (leaves.has(method)) throw new Error(`two endpoints answer ${route}`);
  leaves.set(method, { value, names });
}

export function createRouter<T>(): Router<T> {
  const root = emptyNode<T>();
  return {
    add: (route, value) => insert(root, route, value),
    find(method, path) {
      if (path.charCodeAt(0) !== 0x2f) return notFound;
      const raw = path.slice(1).split('/');
      const segments = path.includes('%') ? decoded(raw) : raw;
      if (!segments) return badEncoding;
      const search: Search<T> = { method, segments, texts: [], found: undefined, allowed: new Set() };
      walk(root, 0, search);
      if (search.found) {
        return { kind: 'match', match: { value: search.found.value, names: search.found.names, texts: search.texts } };
      }
      return search.allowed.size > 0 ? { kind: 'method', allowed: [...search.allowed] } : notFound;
    },
  };
}
