// Starts a real Kintsugi as its README says (the command line, a fresh data directory) for tests that speak to it from outside.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('../../', import.meta.url).pathname;

/** How long a server may take until it answers, milliseconds. */
const START_TIMEOUT_MS = 60_000;

export interface TestServerOptions {
  /** A postgres:// URL of an empty database; SQLite in the data directory otherwise. */
  readonly database?: string;
  /** Kept when given; else a fresh one, removed on disposal. */
  readonly directory?: string;
  readonly serverName?: string;
  /** Default: examples/load-test.yaml (open registration, no rate limits). */
  readonly config?: string;
  /** Further command line arguments. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a free port. A server that is started again keeps its port. */
  readonly port?: number;
  /** A program, with its arguments, that runs the server, e.g. with fewer rights. */
  readonly runBy?: readonly string[];
}

export interface TestServer extends AsyncDisposable {
  readonly baseUrl: string;
  readonly port: number;
  readonly serverName: string;
  readonly directory: string;
  readonly process: ChildProcess;
  /** Everything it wrote to its standard output and error so far. */
  output(): string;
  /** Resolves with the exit code once it has ended and everything it wrote is read. */
  readonly ended: Promise<number | null>;
  /** Resolves with the exit code once it has ended. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

/** Starts the program and does not wait until it answers. */
export const launchServer = async (options: TestServerOptions = {}): Promise<TestServer> => {
  const port = options.port ?? (await freePort());
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'kintsugi-test-')));
  const serverName = options.serverName ?? 'kintsugi.test';
  const args = ['--data', directory, '--listen', `127.0.0.1:${port}`, '--server-name', serverName];
  args.push('--config', options.config ?? join(root, 'examples/load-test.yaml'));
  if (options.database) args.push('--database', options.database);
  const serve = [process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'src/cli/kintsugi.js'), 'serve'];
  const [program = '', ...words] = [...(options.runBy ?? []), ...serve, ...args, ...(options.args ?? [])];
  const child = spawn(program, words, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const baseUrl = `http://127.0.0.1:${port}`;
  const stop = (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return ended;
  };
  return {
    baseUrl,
    port,
    serverName,
    directory,
    process: child,
    ended,
    output: () => output,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      if (!options.directory) await rm(directory, { recursive: true, force: true });
    },
  };
};

export const startServer = async (options: TestServerOptions = {}): Promise<TestServer> => {
  const server = await launchServer(options);
  await untilReady(server.baseUrl, server.process, () => server.output());
  return server;
};

const untilReady = async (baseUrl: string, child: ChildProcess, output: () => string): Promise<void> => {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${output()}`);
    const answer = await fetch(`${baseUrl}/_matrix/client/versions`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  throw new Error(`the server did not answer within ${START_TIMEOUT_MS} ms:\n${output()}`);
};
