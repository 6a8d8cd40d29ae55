// `npm test`: everything a fresh machine can run. Ends with one line, "N passed, N failed", over all suites.

import { addCounts, type Counts, failedSuite, formatCounts, noCounts } from './suites/counts.ts';
import { provide } from './suites/prerequisites.ts';
import { listSuites, listTestFiles, type Suite } from './suites/suites.ts';

const suites = listSuites();
const testFiles = listTestFiles();
const missing = await provide([...new Set(suites.flatMap(({ needs }) => needs))]);

let total: Counts = noCounts;
const runSuite = async ({ name, needs, run }: Suite): Promise<void> => {
  console.log(`\n== ${name}`);
  const lacks = needs.filter((prerequisite) => missing.includes(prerequisite)).map((prerequisite) => prerequisite.name);
  const counts = lacks.length > 0 ? failedSuite(`failed: ${name} needs ${lacks.join(', ')}`) : await run();
  console.log(`== ${name}: ${formatCounts(counts)}`);
  total = addCounts(total, counts);
};

for (const suite of suites) if (suite.runsAlone) await runSuite(suite);
// The others wait often, for servers and disks: two at a time.
const queue = suites.filter(({ runsAlone }) => !runsAlone);
const lane = async (): Promise<void> => {
  for (let suite = queue.shift(); suite; suite = queue.shift()) await runSuite(suite);
};
await Promise.all([lane(), lane()]);

// A suite that failed may have left files out; its failure says more than their names would.
const forgotten = total.failed === 0 ? testFiles.filter((path) => !total.files.includes(path)) : [];
for (const path of forgotten) total = addCounts(total, failedSuite(`failed: ${path} was run by no suite`));

console.log('');
for (const note of total.notes) console.log(note);
console.log(formatCounts(total));
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
