// Addresses to listen on, as people write them.

export interface HostPort {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Reads `host:port`, `[v6]:port` or `:port` (all addresses); undefined when it is none. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
  if (!match || Number(match[3]) > 65_535) return undefined;
  return { host: match[1] ?? (match[2] || '::'), port: Number(match[3]) };
}
