// `npm run bench`: the same load on Synapse and on Kintsugi, one after the other, on this machine. See docs/performance.md.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../scripts/run-command.ts';
import { measureServer } from './measure-server.ts';
import { renderMarkdown } from './report/markdown.ts';
import { renderPlot } from './report/plot.ts';
import { emptyResults, type Results } from './results.ts';
import { federationRows, rows as usualRows } from './rows/rows.ts';
import { kintsugi } from './servers/kintsugi.ts';
import { synapse } from './servers/synapse.ts';
import { fullSizes, quickSizes } from './sizes.ts';

const allRows = [...usualRows, ...federationRows];

const help = `npm run bench -- [options]

  --quick              smaller sizes, short windows, one repeat: a first look, in minutes
  --only ROW           only this row; may be given several times
                       (${usualRows.map(({ name }) => name).join(', ')};
                       with other servers: ${federationRows.map(({ name }) => name).join(', ')})
  --federation         the rows in which other servers take part, instead of the others
  --without-synapse    Kintsugi alone
  --repeats N          how often each thing is measured (3; 1 with --quick); medians are reported
  --save NAME          writes bench/results/NAME.json, .md and .svg (without: bench/.tmp/latest.*)
  --help
`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    federation: { type: 'boolean', default: false },
    'without-synapse': { type: 'boolean', default: false },
    repeats: { type: 'string' },
    save: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const save = async (results: Results): Promise<void> => {
  const folder = join(projectRoot, options.save ? 'bench/results' : 'bench/.tmp');
  const name = options.save ?? 'latest';
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(join(folder, `${name}.md`), renderMarkdown(results, name));
  await writeFile(join(folder, `${name}.svg`), renderPlot(results));
  console.log(`\n${renderMarkdown(results, name)}\nWritten to ${join(folder, name)}.json, .md and .svg`);
};

const main = async (): Promise<void> => {
  const sizes = options.quick ? quickSizes : fullSizes;
  const repeats = Number(options.repeats ?? (options.quick ? 1 : 3));
  const group = options.federation ? federationRows : usualRows;
  const rows = options.only ? allRows.filter(({ name }) => options.only?.includes(name)) : group;
  const federates = rows.some((row) => federationRows.includes(row));
  if (rows.length === 0 || !Number.isInteger(repeats) || repeats < 1) throw new Error(`Nothing to do.\n\n${help}`);
  let results = emptyResults(sizes, repeats);
  for (const kind of options['without-synapse'] ? [kintsugi] : [synapse, kintsugi]) {
    results = {
      ...results,
      servers: [...results.servers, await measureServer(kind, rows, { sizes, repeats, federates })],
    };
  }
  await save(results);
};

if (options.help) console.log(help);
else await main();
