// Starts a server as a process of its own, waits for its first answer, and stops it.

import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '../load/connection.ts';
import { cpuSecondsOf, memoryMibOf } from './process-usage.ts';
import type { ServerKind } from './server-kind.ts';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 5;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

/** One server on one data directory; it can be stopped and started again. */
export class RunningServer implements AsyncDisposable {
  readonly kind: ServerKind;
  readonly directory: string;
  readonly port: number;
  #process: ChildProcess | undefined;

  private constructor(kind: ServerKind, directory: string, port: number) {
    this.kind = kind;
    this.directory = directory;
    this.port = port;
  }

  /** A server that has not started yet, on a fresh directory. */
  static async configured(kind: ServerKind): Promise<RunningServer> {
    const directory = await mkdtemp(join(tmpdir(), `bench-${kind.name}-`));
    const port = await freePort();
    await kind.configure(directory, port);
    return new RunningServer(kind, directory, port);
  }

  get #pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`${this.kind.name} does not run`);
    return pid;
  }

  get cpuSeconds(): number {
    return cpuSecondsOf(this.#pid);
  }

  get memoryMib(): number {
    return memoryMibOf(this.#pid);
  }

  /** Milliseconds from spawning the process to its first answer. */
  async start(): Promise<number> {
    const { program, args, env } = this.kind.command(this.directory, this.port);
    const log = openSync(join(this.directory, 'output.log'), 'a');
    const startedAt = performance.now();
    const child = spawn(program, args, {
      cwd: this.directory,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    });
    this.#process = child;
    while (performance.now() - startedAt < START_TIMEOUT_MS) {
      if (child.exitCode !== null) break;
      if (await this.#answers()) return performance.now() - startedAt;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`${this.kind.name} does not answer; see ${join(this.directory, 'output.log')}`);
  }

  /** Asks it to end, and waits until it has. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(killer);
  }

  /** Bytes of the database's files. Ask a stopped server. */
  async databaseSizeBytes(): Promise<number> {
    const files = (await readdir(this.directory)).filter((name) => /\.db(-wal|-shm)?$/.test(name));
    const sizes = await Promise.all(files.map((name) => stat(join(this.directory, name))));
    return sizes.reduce((sum, { size }) => sum + size, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    const connection = new Connection(this.port);
    const answer = await connection.request('GET', '/_matrix/client/versions').catch(() => undefined);
    connection.close();
    return answer?.status === 200;
  }
}
