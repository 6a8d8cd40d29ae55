// Where the drill's clients wait while the server is down and while it is being checked.

export interface Gate {
  /** Resolves at once while the gate is open; false: the drill is over. */
  pass(): Promise<boolean>;
  /** From now on whoever comes waits, and a request without an answer is no surprise. */
  close(): void;
  open(): void;
  readonly isClosed: boolean;
  /** Resolves when all of them wait; rejects when some do not come back in time. */
  allWaiting(timeoutMs: number): Promise<void>;
  /** Lets everybody go home. */
  end(): void;
}

export const createGate = (guests: number): Gate => {
  let opened = Promise.withResolvers<boolean>();
  let gathered = Promise.withResolvers<void>();
  let isClosed = true;
  let waiting = 0;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    opened = Promise.withResolvers();
  };
  return {
    get isClosed() {
      return isClosed;
    },
    async pass() {
      if (!isClosed) return true;
      waiting += 1;
      if (waiting === guests) gathered.resolve();
      return opened.promise;
    },
    close,
    open() {
      isClosed = false;
      waiting = 0;
      gathered = Promise.withResolvers();
      opened.resolve(true);
    },
    async allWaiting(timeoutMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () =>
            reject(new Error(`${guests - waiting} of ${guests} clients got no end to a request in ${timeoutMs} ms`)),
          timeoutMs,
        );
      });
      try {
        await Promise.race([gathered.promise, late]);
      } finally {
        clearTimeout(timer);
      }
    },
    end() {
      close();
      opened.resolve(false);
    },
  };
};
