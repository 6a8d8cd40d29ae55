// A homeserver that the bench can measure, and one of it that runs.

export interface ServerKind {
  readonly name: 'kintsugi' | 'synapse';
  /** Installs what is missing; returns the version that will run. */
  prepare(): Promise<string>;
  /** Writes what the server needs into an empty directory. */
  configure(directory: string, port: number): Promise<void>;
  command(directory: string, port: number): Command;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export const SERVER_NAME = 'bench.test';
