// Runs a program of node_modules or of the machine for the scripts, with this Node first on its PATH.

import { type ChildProcess, spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot: string = dirname(dirname(fileURLToPath(import.meta.url)));

export interface CommandResult {
  /** Exit code; 127 when the program does not exist, 124 when its time was up, 128 when another signal ended it. */
  readonly code: number;
  /** Standard output and error, in the order they came. */
  readonly output: string;
  readonly durationMs: number;
}

export interface CommandOptions {
  /** Called with each piece of output as it comes. */
  readonly onOutput?: (text: string) => void;
  /** The program is killed after this time. */
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const defaultTimeoutMs = 15 * 60_000;

/** Programs that run now; each leads a process group of its own, so that none of its children outlives it. */
const running = new Set<ChildProcess>();

const killGroup = ({ pid }: ChildProcess): void => {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    for (const child of running) killGroup(child);
    process.exit(1);
  });
}

/** Runs `program` at the root of the project without standard input, and waits for its end. Never rejects. */
export const runCommand = (
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> => {
  const start = performance.now();
  const path = [join(projectRoot, 'node_modules', '.bin'), dirname(process.execPath), process.env.PATH ?? ''];
  const child = spawn(program, args, {
    cwd: projectRoot,
    env: { ...process.env, ...options.env, PATH: path.join(delimiter) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  let output = '';
  let timedOut = false;
  const collect = (text: string): void => {
    output += text;
    options.onOutput?.(text);
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const timer = setTimeout(() => {
    timedOut = true;
    // A thread in an endless loop does not answer a polite signal.
    killGroup(child);
  }, options.timeoutMs ?? defaultTimeoutMs);
  return new Promise((resolve) => {
    const finish = (code: number): void => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code: timedOut ? 124 : code, output, durationMs: performance.now() - start });
    };
    child.on('error', (error) => {
      collect(`${error.message}\n`);
      finish(127);
    });
    child.on('close', (code) => finish(code ?? 128));
  });
};
