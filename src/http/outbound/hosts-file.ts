// Names that the machine's hosts file knows, read anew when it changes.

import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../../lib/clock.ts';

/** The addresses of a name, in the order of the file; none when it is not there. */
export type HostsLookup = (name: string) => Promise<readonly string[]>;

const CHECK_INTERVAL_MS = 5000;
const SIZE_BYTES_MAX = 8 * 1024 * 1024;

type Entries = ReadonlyMap<string, readonly string[]>;

export function parseHosts(text: string): Entries {
  const entries = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#')[0] as string).trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const known = entries.get(key);
      if (!known) entries.set(key, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return entries;
}

const none: readonly string[] = [];
/** RFC 6761: localhost is the loopback address, whatever a DNS server says. */
const loopback = ['::1', '127.0.0.1'];

export interface HostsOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly file?: string;
}

export function createHosts({ clock, file = '/etc/hosts' }: HostsOptions): HostsLookup {
  let entries: Entries = new Map();
  let version = '';
  let checkedAt = Number.NEGATIVE_INFINITY;
  let refreshed: Promise<void> = Promise.resolve();

  const refresh = async (): Promise<void> => {
    try {
      const { mtimeMs, size, ino } = await stat(file);
      const found = `${mtimeMs} ${size} ${ino}`;
      if (found === version) return;
      entries = size > SIZE_BYTES_MAX ? new Map() : parseHosts(await readFile(file, 'utf8'));
      version = found;
    } catch {
      // No readable hosts file is an empty one.
      entries = new Map();
      version = '';
    }
  };

  return async (name) => {
    if (clock.monotonic() - checkedAt >= CHECK_INTERVAL_MS) {
      checkedAt = clock.monotonic();
      refreshed = refresh();
    }
    await refreshed;
    const key = name.toLowerCase().replace(/\.$/, '');
    const found = entries.get(key);
    if (found) return found;
    return key === 'localhost' || key.endsWith('.localhost') ? loopback : none;
  };
}
