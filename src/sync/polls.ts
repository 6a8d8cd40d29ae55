// The polls that are under way, by device. A device needs one at a time: with more than a few, the oldest ends at once.

/** One that is about to end, one that replaces it, and some for clients that do not know better. */
const POLLS_MAX = 4;

export interface Poll extends Disposable {
  /** Aborted when the client goes or the poll has to make room. */
  readonly signal: AbortSignal;
}

export interface Polls {
  enter(device: number, client: AbortSignal): Poll;
}

export const createPolls = (): Polls => {
  const ofDevice = new Map<number, Set<AbortController>>();
  return {
    enter(device, client) {
      const controller = new AbortController();
      const end = (): void => controller.abort();
      const polls = ofDevice.get(device) ?? new Set();
      ofDevice.set(device, polls);
      if (polls.size >= POLLS_MAX) {
        const [oldest] = polls;
        polls.delete(oldest!);
        oldest!.abort();
      }
      polls.add(controller);
      client.addEventListener('abort', end);
      if (client.aborted) end();
      return {
        signal: controller.signal,
        [Symbol.dispose]() {
          client.removeEventListener('abort', end);
          polls.delete(controller);
          if (polls.size === 0 && ofDevice.get(device) === polls) ofDevice.delete(device);
        },
      };
    },
  };
};
