// PostgreSQL databases that go back to their beginning in milliseconds. A worker's tests use them one after the other: making one
// of a hundred tables takes most of a second.

import pg from 'pg';

/** The name of the database that is migrated once and copied for each worker. */
const MIGRATED = 'migrated';

const REMEMBER_THE_BEGINNING = `
  CREATE SCHEMA beginning;
  DO $$
  DECLARE
    name text;
    has_rows boolean;
  BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
      EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO has_rows;
      IF has_rows THEN
        EXECUTE format('CREATE TABLE beginning.%1$I AS TABLE public.%1$I', name);
      END IF;
    END LOOP;
  END $$;
  CREATE FUNCTION beginning.restore() RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    name text;
  BEGIN
    -- Rows go whatever refers to them.
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
      EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'beginning' LOOP
      EXECUTE format('INSERT INTO public.%1$I SELECT * FROM beginning.%1$I', name);
    END LOOP;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
      FROM pg_sequences WHERE schemaname = 'public';
  END $$;
`;

const DUPLICATE_DATABASE = '42P04';

const run = async (url: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

const urlOf = (adminUrl: string, name: string): string => {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
};

/** `migrate` is given the URL of an empty database. */
export const makeBeginning = async (adminUrl: string, migrate: (url: string) => Promise<void>): Promise<void> => {
  const url = urlOf(adminUrl, MIGRATED);
  await run(adminUrl, `CREATE DATABASE ${MIGRATED}`);
  await migrate(url);
  await run(url, REMEMBER_THE_BEGINNING);
};

/** Databases of this worker that no test has. Workers that follow each other have one id, and so the same databases. */
const idle: string[] = [];
let made = 0;

const makeOne = async (adminUrl: string): Promise<string> => {
  const name = `worker_${process.env.VITEST_POOL_ID}_${made++}`;
  try {
    await run(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${MIGRATED}`);
  } catch (error) {
    if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error;
  }
  return name;
};

/** The URL of a migrated database that nothing was written to. */
export const takeRestored = async (adminUrl: string): Promise<{ url: string; giveBack(): void }> => {
  const name = idle.pop() ?? (await makeOne(adminUrl));
  const url = urlOf(adminUrl, name);
  await run(url, 'SELECT beginning.restore()');
  return { url, giveBack: () => void idle.push(name) };
};
