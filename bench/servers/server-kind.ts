// A homeserver that the bench can measure, and one of it that runs.

export interface ServerKind {
  readonly name: 'kintsugi' | 'synapse';
  /** Installs what is missing; returns the version that will run. */
  prepare(): Promise<string>;
  /** Writes what the server needs into an empty directory. */
  configure(place: Place): Promise<void>;
  command(place: Place): Command;
}

/** Where a server is and what it is called. */
export interface Place {
  readonly directory: string;
  /** For clients, without TLS. */
  readonly port: number;
  readonly serverName: string;
  /** For other servers, over TLS; undefined: it federates with nobody. */
  readonly federationPort: number | undefined;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export const SERVER_NAME = 'bench.test';
