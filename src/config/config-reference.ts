// The configuration reference of the manual, written from the schema.

import { environmentName, rootNode, type SchemaNode } from './schema-tree.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function typeOf(node: SchemaNode): string {
  if (node.enum) return node.enum.map((choice) => `\`${choice}\``).join(' · ');
  if (node.type === 'array') return node.items?.properties ? 'list of sections' : 'list of texts';
  const names: Record<string, string> = {
    string: 'text',
    integer: 'whole number',
    number: 'number',
    boolean: 'true or false',
  };
  const bound = node.minimum !== undefined && node.minimum > 0 ? `, at least ${node.minimum}` : '';
  return `${names[node.type ?? ''] ?? ''}${bound}`;
}

const defaultOf = (node: SchemaNode): string =>
  node.default === undefined ? '–' : `\`${JSON.stringify(node.default)}\``;

function rows(node: SchemaNode, path: readonly string[]): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const at = [...path, name];
    if (child.properties) return rows(child, at);
    const secret = child.secret ? ` Also \`${name}File\`: a file that holds it.` : '';
    const row = [
      `\`${at.join('.')}\``,
      typeOf(child),
      defaultOf(child),
      `${child.description ?? ''}${secret}`,
      `\`${environmentName(at)}\``,
    ];
    const items = child.items?.properties ? rows(child.items, [...path, `${name}[]`]) : [];
    return [`| ${row.map(cell).join(' | ')} |`, ...items.map((item) => item.replace(/\| `KINTSUGI_[^|]*\|$/, '| – |'))];
  });
}

const table = (body: readonly string[]): string =>
  ['| Key | Type | Default | Meaning | Environment |', '| --- | --- | --- | --- | --- |', ...body].join('\n');

/** Markdown. */
export function configReference(): string {
  const entries = Object.entries(rootNode.properties ?? {});
  const top = rows({ properties: Object.fromEntries(entries.filter(([, node]) => !node.properties)) }, []);
  const sections = entries
    .filter(([, node]) => node.properties)
    .map(([name, node]) => `## ${name}\n\n${node.description ?? ''}\n\n${table(rows(node, [name]))}`);
  const intro = [
    '# Configuration',
    'One YAML file (`--config FILE`). Environment variables win over the file, and flags over both.',
    'Relative paths start at the working directory. `kintsugi config check` tells what is wrong with a file, `kintsugi config print` what is in force.',
  ];
  return `${[intro.join('\n\n'), table(top), ...sections].join('\n\n')}\n`;
}
