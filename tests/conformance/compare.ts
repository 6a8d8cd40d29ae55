// Compares a run of Complement (`go test -json`) with the committed list of tests that pass, both ways. README.md tells more.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { differencesOf, passedAfter, readRun } from './read-run.ts';

const listFile = new URL('./passed.txt', import.meta.url);

const { positionals, values } = parseArgs({ allowPositionals: true, options: { write: { type: 'boolean' } } });
if (positionals.length === 0) {
  console.log('Usage: npm run conformance -- RUN.json... [--write]');
  process.exit(2);
}

const run = readRun(positionals.map((file) => readFileSync(file, 'utf8')).join('\n'));
const listed = readFileSync(listFile, 'utf8').split('\n').filter(Boolean);
const { newlyPassing, newlyFailing, counts } = differencesOf(run, listed);

for (const name of newlyFailing)
  console.log(`failing, and listed as passing: ${name} (${run.get(name) ?? 'did not run'})`);
for (const name of newlyPassing) console.log(`passing, and not listed: ${name}`);
console.log(`${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`);
console.log(`${newlyFailing.length} newly failing, ${newlyPassing.length} newly passing`);

if (values.write) {
  writeFileSync(listFile, `${passedAfter(run, listed).join('\n')}\n`);
  console.log('passed.txt is written.');
} else if (newlyFailing.length + newlyPassing.length > 0) {
  process.exitCode = 1;
}
