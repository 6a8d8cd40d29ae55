// A homeserver that takes part in the interop tests, of whichever kind.

/** What a server is made of. Its name stays the same when it is stopped and started again. */
export interface Place {
  /** Holds everything it keeps, but not a PostgreSQL database. */
  readonly directory: string;
  /** Plain HTTP, for clients. */
  readonly clientPort: number;
  /** The first part of its name. Both are the loopback; access control lists tell them apart. */
  readonly host: '127.0.0.1' | 'localhost';
  /** TLS, for other servers, and the second part of its name. */
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

/** A certificate good for both hosts, which every server here uses, and the authority that all of them trust. */
export const tls = { authority: tlsFile('ca.pem'), certificate: tlsFile('first.pem'), key: tlsFile('first.key') };

export const serverNameOf = ({ host, federationPort }: Place): string => `${host}:${federationPort}`;
