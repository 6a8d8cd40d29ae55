// Runs a program of node_modules or of the machine for the scripts, with this Node first on its PATH.

import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot: string = dirname(dirname(fileURLToPath(import.meta.url)));

export interface CommandResult {
  /** Exit code; 127 when the program does not exist, 128 or more when a signal ended it. */
  readonly code: number;
  /** Standard output and error, in the order they came; empty when the output went to the terminal. */
  readonly output: string;
  readonly durationMs: number;
}

export interface CommandOptions {
  /** Called with each piece of output as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Sends the output to the terminal instead of collecting it. */
  readonly inherit?: boolean;
  readonly env?: Readonly<Record<string, string>>;
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
    stdio: ['ignore', options.inherit ? 'inherit' : 'pipe', options.inherit ? 'inherit' : 'pipe'],
  });
  let output = '';
  const collect = (text: string): void => {
    output += text;
    options.onOutput?.(text);
  };
  child.stdout?.setEncoding('utf8').on('data', collect);
  child.stderr?.setEncoding('utf8').on('data', collect);
  return new Promise((resolve) => {
    const finish = (code: number) => resolve({ code, output, durationMs: performance.now() - start });
    child.on('error', (error) => {
      collect(`${error.message}\n`);
      finish(127);
    });
    child.on('close', (code) => finish(code ?? 128));
  });
};
