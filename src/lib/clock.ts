// The only source of time. Code takes a Clock so that tests can turn it by hand.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the Unix epoch; may jump when the machine's time is set. */
  now(): number;
  /** Milliseconds that only grow; for durations and deadlines. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`. Does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
  /** Resolves after `delayMs`, or rejects with the signal's reason when aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout counts in 32 bits: longer delays would fire at once. */
const delayMsMax = 2_147_483_647;

/** `sleep` of a clock, by its timers. */
export const sleepOn = (after: Clock['after']): Clock['sleep'] => {
  return (delayMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
};

const afterOnSystem: Clock['after'] = (delayMs, run) => {
  const timeout = setTimeout(run, Math.min(Math.max(delayMs, 0), delayMsMax));
  timeout.unref();
  return { cancel: () => clearTimeout(timeout) };
};

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: afterOnSystem,
  sleep: sleepOn(afterOnSystem),
};
