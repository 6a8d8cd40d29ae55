// Starts threads, each with a young generation of the size that its work needs.

import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';

export interface ThreadOptions {
  /** As tools for debugging show it. */
  readonly name: string;
  /** At most; it is made of three equal parts. */
  readonly youngGenerationMib: number;
  /** What the thread finds as `workerData`. */
  readonly data?: unknown;
}

export const startThread = (url: URL, { name, youngGenerationMib, data }: ThreadOptions): Worker => {
  // The flag of the command line is for the main thread, whose heap is there; with threads it would count for more than their limits.
  setFlagsFromString('--max-semi-space-size=0');
  return new Worker(url, { name, workerData: data, resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMib } });
};
