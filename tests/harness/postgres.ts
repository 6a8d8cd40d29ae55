// A private PostgreSQL server for tests and benchmarks: own directory, own port on the loopback, durable as in production.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chownSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';

export interface TestPostgres {
  /** Superuser, database `postgres`. */
  readonly url: string;
  /** Starts the server again after `kill`, on the same data and port. */
  start(): Promise<void>;
  /** Stops the server in order and removes its data. */
  stop(): Promise<void>;
  /** Stops the server as a crash does: connections break, nothing is flushed. */
  kill(): Promise<void>;
  /** Ends the server and all of its processes with SIGKILL, so that none can clean up. */
  crash(): Promise<void>;
}

const INSTALL = 'apt-get install -y postgresql';

const findBinaries = (): string | undefined => {
  const onPath = (process.env.PATH ?? '').split(delimiter);
  const packaged = globSync('/usr/lib/postgresql/*/bin').sort().reverse();
  return [...onPath, ...packaged].find((folder) => folder !== '' && existsSync(join(folder, 'initdb')));
};

const requireBinaries = (): string => {
  const found = findBinaries();
  if (found !== undefined) return found;
  const isRootOnDebian = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (isRootOnDebian) {
    execFileSync('apt-get', ['update'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'postgresql'], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
  const installed = findBinaries();
  if (installed === undefined) throw new Error(`These tests need PostgreSQL 15 or newer. Install it: ${INSTALL}`);
  return installed;
};

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root, so there it runs as the user its package makes. */
const serverOwner = (): Owner | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8');
  const entry = (/^postgres:.*$/m.exec(users) ?? /^nobody:.*$/m.exec(users))?.[0];
  const [, , uid, gid] = entry?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('No user postgres or nobody to run PostgreSQL as');
  return { uid: Number(uid), gid: Number(gid) };
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
};

const accepts = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const waitUntilReady = async (url: string, server: ChildProcess, log: () => string): Promise<void> => {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL did not start:\n${log()}`);
    if (await accepts(url)) return;
    await pause(50);
  }
  throw new Error(`PostgreSQL takes no connections:\n${log()}`);
};

const makeCluster = (binaries: string, directory: string, owner: Owner | undefined): string => {
  const password = randomBytes(16).toString('hex');
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, password);
  if (owner !== undefined) {
    chownSync(directory, owner.uid, owner.gid);
    chownSync(passwordFile, owner.uid, owner.gid);
  }
  const cluster = join(directory, 'cluster');
  // --no-sync: only the making of the cluster is not synced; the running server syncs as ever.
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', cluster, '-U', 'postgres', '--pwfile', passwordFile, '-A', 'scram-sha-256', '-E', 'UTF8', '--no-sync'],
    { ...owner, cwd: directory, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, LC_ALL: 'C.UTF-8' } },
  );
  appendFileSync(
    join(cluster, 'postgresql.conf'),
    `fsync = on\nmax_connections = 200\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '${directory}'\n`,
  );
  return password;
};

/** Linux only. */
const childrenOf = (pid: number): number[] =>
  globSync('/proc/[0-9]*/stat').flatMap((file) => {
    try {
      // "pid (command) state parent …"; the command may hold anything.
      const [, parent] = /^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(file, 'utf8')) ?? [];
      return Number(parent) === pid ? [Number(file.split('/')[2])] : [];
    } catch {
      return [];
    }
  });

const killHard = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
};

/** As root on Debian without PostgreSQL it is installed; elsewhere the error names the command. */
export const startPostgres = async (): Promise<TestPostgres> => {
  const binaries = requireBinaries();
  const owner = serverOwner();
  const directory = mkdtempSync(join(tmpdir(), 'kintsugi-postgres-'));
  const password = makeCluster(binaries, directory, owner);
  const port = await freePort();
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  let server: ChildProcess | undefined;
  let log = '';
  const start = async (): Promise<void> => {
    const started = spawn(join(binaries, 'postgres'), ['-D', join(directory, 'cluster'), '-p', String(port)], {
      ...owner,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server = started;
    started.stderr.on('data', (data: Buffer) => {
      log = (log + data.toString()).slice(-10_000);
    });
    await waitUntilReady(url, started, () => log);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = server;
    server = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    const exited = once(ending, 'exit');
    ending.kill(signal);
    await exited;
  };
  const crash = async (): Promise<void> => {
    const ending = server;
    server = undefined;
    if (ending?.pid === undefined || ending.exitCode !== null) return;
    const exited = once(ending, 'exit');
    // Stopped, it can make no more processes while those it has are counted.
    ending.kill('SIGSTOP');
    for (const pid of [...childrenOf(ending.pid), ending.pid]) killHard(pid);
    await exited;
  };
  const cleanUp = (): void => {
    server?.kill('SIGQUIT');
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', cleanUp);
  await start();
  return {
    url,
    start,
    // SIGQUIT is PostgreSQL's immediate shutdown: like a crash, but its children are sure to be gone.
    kill: () => end('SIGQUIT'),
    crash,
    async stop() {
      await end('SIGINT');
      process.off('exit', cleanUp);
      cleanUp();
    },
  };
};
