// docs/generated/parts.md: the ordered list of parts as a table and a diagram, from architecture.ts.

import type { Part } from '../../architecture.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const label = (text: string): string => text.replaceAll('"', '#quot;').replace(/\.$/, '');

/** Markdown with a mermaid diagram. */
export const renderParts = (parts: readonly Part[]): string =>
  [
    '# Parts of the server',
    'Each part under `src/` imports only parts that stand above it. Arrows point from a part to the one right above it; further up is allowed, down never is.',
    [
      '```mermaid',
      'flowchart BT',
      ...parts.map(({ name, purpose }) => `  ${name}["<b>${name}</b><br/>${label(purpose)}"]`),
      ...parts.slice(1).map(({ name }, index) => `  ${name} --> ${parts[index]?.name}`),
      '```',
    ].join('\n'),
    [
      '| # | part | what it is |',
      '| ---: | --- | --- |',
      ...parts.map(({ name, purpose }, index) => `| ${index + 1} | \`${name}\` | ${cell(purpose)} |`),
    ].join('\n'),
    '',
  ].join('\n\n');
