// What the process keeps in memory, with a server at the end of its life and from one server to the next.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MIB = 2 ** 20;
/** What a server may keep in the heap at the end of its life. Its database is elsewhere. */
const SERVER_BYTES_MAX = 100 * MIB;
/** What servers that are gone may leave behind, however many they were: timers of half a minute hold the last ones. */
const LEFT_BYTES_MAX = 60 * MIB;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heapBytes = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

export interface MemoryWatch {
  /** While a server is at the end of its life; in words, if it keeps too much. */
  withServer(): string | undefined;
  /** Once it is gone; in words, if too much is left. */
  withoutServer(): string | undefined;
  summary(): string;
}

const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;

export const watchMemory = (): MemoryWatch => {
  /** After the first server: by then all code is loaded. */
  let first: number | undefined;
  let last = heapBytes();
  let kept = 0;
  let left = 0;
  return {
    withServer() {
      const bytes = heapBytes() - last;
      kept = Math.max(kept, bytes);
      return bytes > SERVER_BYTES_MAX ? `a server keeps ${mib(bytes)} in memory` : undefined;
    },
    withoutServer() {
      last = heapBytes();
      first ??= last;
      left = last - first;
      return left > LEFT_BYTES_MAX ? `servers that are gone have left ${mib(left)} in memory` : undefined;
    },
    summary: () => {
      const resident = mib(process.resourceUsage().maxRSS * 1024);
      return `memory: a server keeps ${mib(kept)} at most, those before the last left ${mib(left)}; ${resident} resident at most`;
    },
  };
};
