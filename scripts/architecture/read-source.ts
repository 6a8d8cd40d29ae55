// Reads one TypeScript file for the architecture check: what it imports, the texts it holds, the globals it uses.

import { parseSync } from 'oxc-parser';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Only types: gone when the program runs. */
  readonly typeOnly: boolean;
  /** Imported names; empty for namespaces, `export *` and dynamic imports. */
  readonly names: readonly string[];
}

/** A thing at a line: a literal's text, a global's name, a comment's text. */
export interface Found {
  readonly text: string;
  readonly line: number;
}

export interface Source {
  /** Path from the root of the project, with forward slashes. */
  readonly path: string;
  readonly lineCount: number;
  readonly firstLines: readonly string[];
  readonly imports: readonly Import[];
  /** String and template literals; `?` stands for an interpolation. */
  readonly literals: readonly Found[];
  /** Uses of globals that are not deterministic or reach outside: `Date.now`, `new Date()`, `process.env`, `fetch` … */
  readonly globals: readonly Found[];
  readonly comments: readonly Found[];
  /** Exported interfaces that can be called: with methods, or functions themselves. */
  readonly interfaces: readonly string[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

const walk = (value: unknown, visit: (node: Node) => void): void => {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
  } else if (isNode(value)) {
    visit(value);
    for (const key in value) if (typeof value[key] === 'object') walk(value[key], visit);
  }
};

const nameOf = (value: unknown): string | undefined =>
  isNode(value) && value.type === 'Identifier' ? (value.name as string) : undefined;

/** `Date.now` for a member of a plain name, the name itself for an identifier. */
const dotted = (value: unknown): string | undefined => {
  if (!isNode(value) || value.type !== 'MemberExpression') return nameOf(value);
  const object = dotted(value.object);
  const property = value.computed ? (value.property as Node).value : nameOf(value.property);
  return object && typeof property === 'string' ? `${object}.${property}`.replace(/^globalThis\./, '') : undefined;
};

const watchedMembers = ['Date.now', 'Math.random', 'performance.now', 'process.hrtime', 'process.env'];

/** The name of the watched global that this node uses, if it uses one. */
const globalUse = (node: Node): string | undefined => {
  if (node.type === 'MemberExpression') {
    const name = dotted(node);
    return watchedMembers.find((watched) => watched === name);
  }
  if (node.type === 'CallExpression') {
    const name = dotted(node.callee);
    return name === 'fetch' || name === 'Date' ? `${name}()` : undefined;
  }
  if (node.type === 'NewExpression' && nameOf(node.callee) === 'Date' && (node.arguments as Node[]).length === 0) {
    return 'new Date()';
  }
  // const { env } = process
  if (node.type === 'VariableDeclarator' && isNode(node.id) && node.id.type === 'ObjectPattern') {
    const taken = (node.id.properties as Node[]).map((property) => `${nameOf(node.init)}.${nameOf(property.key)}`);
    return watchedMembers.find((watched) => taken.includes(watched));
  }
  return undefined;
};

const literalText = (node: Node): string | undefined => {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node.type !== 'TemplateLiteral') return undefined;
  return (node.quasis as { value: { cooked?: string } }[]).map(({ value }) => value.cooked ?? '').join('?');
};

const importOf = (node: Node): Omit<Import, 'line'> | undefined => {
  const source = node.source as Node | null | undefined;
  if (!isNode(source) || typeof source.value !== 'string') return undefined;
  const specifiers = (node.specifiers as Node[] | undefined) ?? [];
  const kind = node.importKind ?? node.exportKind;
  const allTypes = specifiers.length > 0 && specifiers.every(({ importKind }) => importKind === 'type');
  return {
    specifier: source.value,
    typeOnly: kind === 'type' || node.type === 'TSImportType' || allTypes,
    names: specifiers.flatMap((specifier) => nameOf(specifier.imported) ?? []),
  };
};

const isFunctionType = (value: unknown): boolean => isNode(value) && value.type === 'TSFunctionType';

/** Whether a declaration is of an interface with own methods, or of the type of a function. */
const isCallable = (declaration: Node): boolean => {
  if (declaration.type === 'TSTypeAliasDeclaration') return isFunctionType(declaration.typeAnnotation);
  if (declaration.type !== 'TSInterfaceDeclaration') return false;
  return ((declaration.body as Node).body as Node[]).some(({ type, typeAnnotation }) => {
    if (type === 'TSMethodSignature' || type === 'TSCallSignatureDeclaration') return true;
    return type === 'TSPropertySignature' && isNode(typeAnnotation) && isFunctionType(typeAnnotation.typeAnnotation);
  });
};

const importNodes = [
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
];

/** Throws when the file does not parse. */
export const readSource = (path: string, text: string): Source => {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const lines = text.split('\n');
  const lineStarts: number[] = [];
  for (let at = 0, i = 0; i < lines.length; i++) {
    lineStarts.push(at);
    at += (lines[i] as string).length + 1;
  }
  const lineOf = ({ start }: { readonly start: number }) => lineStarts.findLastIndex((at) => at <= start) + 1;

  const imports: Import[] = [];
  const literals: Found[] = [];
  const globals: Found[] = [];
  const interfaces: string[] = [];
  walk(program, (node) => {
    const line = () => lineOf(node);
    const literal = literalText(node);
    if (literal !== undefined) literals.push({ text: literal, line: line() });
    const use = globalUse(node);
    if (use) globals.push({ text: use, line: line() });
    if (!importNodes.includes(node.type)) return;
    const imported = importOf(node);
    if (imported) imports.push({ ...imported, line: line() });
    const declaration = node.declaration as Node | null | undefined;
    if (declaration && isCallable(declaration)) interfaces.push(nameOf(declaration.id) ?? '');
  });
  return {
    path,
    lineCount: text.endsWith('\n') ? lines.length - 1 : lines.length,
    firstLines: lines.slice(0, 2),
    imports,
    literals,
    globals,
    comments: comments.map((comment) => ({ text: comment.value, line: lineOf(comment) })),
    interfaces,
  };
};
