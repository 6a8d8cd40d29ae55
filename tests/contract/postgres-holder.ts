// A process that holds a PostgreSQL database until it is killed; it prints each position that it wrote.

import { openPostgres } from '../../src/storage/postgres/open-postgres.ts';
import { testMigrations } from './test-migrations.ts';
import { addLog } from './test-writers.ts';

const database = await openPostgres({ url: process.argv[2]!, migrations: testMigrations });
for (;;) process.stdout.write(`${await database.write(addLog, { writer: 'holder' })}\n`);
