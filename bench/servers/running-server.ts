// Starts a server as a process of its own, waits for its first answer, and stops it.

import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import { Connection } from '../load/connection.ts';
import { cpuSecondsOf, forgetPeakOf, memoryMibOf, peakMibOf } from './process-usage.ts';
import { type Place, SERVER_NAME, type ServerKind } from './server-kind.ts';

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
  readonly #place: Place;
  #process: ChildProcess | undefined;

  private constructor(kind: ServerKind, place: Place) {
    this.kind = kind;
    this.#place = place;
  }

  /** A server that has not started yet, on a fresh directory. One that federates is named by its address. */
  static async configured(kind: ServerKind, { federates = false } = {}): Promise<RunningServer> {
    const directory = await mkdtemp(join(tmpdir(), `bench-${kind.name}-`));
    const federationPort = federates ? await freePort() : undefined;
    const serverName = federates ? `127.0.0.1:${federationPort}` : SERVER_NAME;
    const place = { directory, port: await freePort(), serverName, federationPort };
    await kind.configure(place);
    return new RunningServer(kind, place);
  }

  get directory(): string {
    return this.#place.directory;
  }

  get port(): number {
    return this.#place.port;
  }

  get serverName(): ServerName {
    return parseServerName(this.#place.serverName);
  }

  get federationPort(): number {
    const { federationPort } = this.#place;
    if (federationPort === undefined) throw new Error(`${this.kind.name} was not configured to federate`);
    return federationPort;
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

  /** The most memory that it had since `forgetPeak`. */
  get peakMib(): number {
    return peakMibOf(this.#pid);
  }

  forgetPeak(): void {
    forgetPeakOf(this.#pid);
  }

  /** Milliseconds from spawning the process to its first answer. */
  async start(): Promise<number> {
    const { program, args, env } = this.kind.command(this.#place);
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
