// A process that holds an embedded database and writes to it until it is killed; it prints each position once it is durable.

import { openSqlite } from '../../src/storage/sqlite/open-sqlite.ts';
import { testMigrations } from './test-migrations.ts';
import { addLog } from './test-writers.ts';

const database = await openSqlite({
  directory: process.argv[2]!,
  migrations: testMigrations,
  writerModules: [new URL('./test-writers.ts', import.meta.url).href],
});
const writeOn = async (writer: string): Promise<never> => {
  for (;;) process.stdout.write(`${await database.write(addLog, { writer })}\n`);
};
await Promise.all(['a', 'b', 'c', 'd'].map(writeOn));
