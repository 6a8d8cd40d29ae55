// A homeserver that takes part in the interop tests, of whichever kind.

/** What a server is made of. Its name stays the same when it is stopped and started again. */
export interface Place {
  /** Holds everything it keeps, but not a PostgreSQL database. */
  readonly directory: string;
  /** Plain HTTP, for clients. */
  readonly clientPort: number;
  /** TLS, for other servers; the server's name is 127.0.0.1 with this port. */
  readonly federationPort: number;
  /** A postgres:// URL of an empty database; else SQLite. */
  readonly database?: string;
}

export interface Homeserver extends AsyncDisposable {
  readonly kind: 'kintsugi' | 'synapse';
  readonly baseUrl: string;
  readonly serverName: string;
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Stops it, and starts it with another signing key; the old one is published as such. */
  rotateKey(): Promise<void>;
  /** The end of what it wrote. */
  output(): string;
}

const tlsFile = (name: string): string => new URL(`../../fixtures/tls/${name}`, import.meta.url).pathname;

/** A certificate good for 127.0.0.1, which every server here uses, and the authority that all of them trust. */
export const tls = { authority: tlsFile('ca.pem'), certificate: tlsFile('first.pem'), key: tlsFile('first.key') };

export const serverNameOf = ({ federationPort }: Place): string => `127.0.0.1:${federationPort}`;
