// `npm run generate`: writes docs/generated from the code. With --check it writes nothing and fails where a page is stale.

import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parts } from '../architecture.ts';
import { configReference } from '../src/config/config-reference.ts';
import { endpoints } from '../src/server/endpoints.ts';
import { renderParts } from './generate/architecture-page.ts';
import { readSpecEndpoints, renderCoverage } from './generate/coverage.ts';
import { projectRoot } from './run-command.ts';

const notice = '<!-- Written by `npm run generate`. Change the source, not this page. -->\n\n';
const folder = 'docs/generated';

const pages: Readonly<Record<string, () => string>> = {
  'parts.md': () => renderParts(parts),
  'configuration.md': configReference,
  'coverage.md': () =>
    renderCoverage(
      readSpecEndpoints(),
      endpoints.map(({ declaration }) => declaration),
    ),
};

const write = process.argv[2] !== '--check';
let staleCount = 0;

for (const [name, render] of Object.entries(pages)) {
  const path = join(projectRoot, folder, name);
  const text = `${notice}${render().trimEnd()}\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  staleCount += 1;
  if (write) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  console.log(`${write ? 'written' : 'stale'}: ${folder}/${name}`);
}

for (const name of globSync('*', { cwd: join(projectRoot, folder) })) {
  if (name in pages) continue;
  staleCount += 1;
  if (write) rmSync(join(projectRoot, folder, name));
  console.log(`${write ? 'removed' : 'written by nothing'}: ${folder}/${name}`);
}

if (!write && staleCount > 0) {
  console.log('Run: npm run generate');
  process.exitCode = 1;
}
