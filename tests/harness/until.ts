// Waits for what must come to pass soon, and says what did not: by looking again and again, or for a promise.

const LOOK_EVERY_MS = 10;

/**
 * Resolves with the first value that is neither undefined, null nor false. Throws, naming `what`, when none comes in time.
 * What `look` throws counts as "not yet", and is told at the end.
 */
export const until = async <T>(
  what: string,
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  timeoutMs = 30_000,
): Promise<T> => {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      last = undefined;
      const value = await look();
      if (value !== undefined && value !== null && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`after ${timeoutMs} ms there was still no ${what}`, { cause: last });
};

/** The same for what is promised. */
export const inTime = async <T>(what: string, promise: Promise<T>, timeoutMs = 30_000): Promise<T> => {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`after ${timeoutMs} ms there was still no ${what}`)), timeoutMs);
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
};
