// Who is woken by what, and what is remembered of changes.

import { describe, expect, test } from 'vitest';
import type { Audience, Commit, Database } from '../storage/database.ts';
import { createStream, type Stream } from './stream.ts';

interface Fed {
  readonly stream: Stream;
  /** Commits one change for each audience. */
  commit(...audiences: readonly Audience[]): void;
}

const HEAD = 100;
const FAR_MS = 60_000;

const fedStream = (): Fed => {
  let head = HEAD;
  let listener: (commit: Commit) => void = () => {};
  const db = {
    headAtOpen: HEAD,
    onCommit(heard: typeof listener): void {
      listener = heard;
    },
  };
  const stream = createStream({ db: db as unknown as Database });
  return {
    stream,
    commit(...audiences) {
      const changes = audiences.map((audience) => ({ position: ++head, audience }));
      listener({ head, changes });
    },
  };
};

const stateOf = async (promise: Promise<unknown>): Promise<'settled' | 'pending'> =>
  Promise.race([promise.then(() => 'settled' as const), new Promise<'pending'>((r) => setImmediate(r, 'pending'))]);

describe('a listener', () => {
  test('hears its user and its rooms, and nothing else', async () => {
    const { stream, commit } = fedStream();
    using listener = stream.listen(1);
    listener.addRoom(10);
    const wait = () => listener.wait(FAR_MS, new AbortController().signal);
    for (const audience of [{ room: 10 }, { rooms: [9, 10] }, { user: 1 }, { room: 9, users: [1] }]) {
      using heard = wait();
      commit({ room: 11 }, { user: 2 }, { rooms: [12] });
      expect(await stateOf(heard.woken)).toBe('pending');
      commit(audience);
      expect(await stateOf(heard.woken)).toBe('settled');
    }
    listener.removeRoom(10);
    using deaf = wait();
    commit({ room: 10 });
    expect(await stateOf(deaf.woken)).toBe('pending');
    stream.poke({ user: 1 });
    expect(await stateOf(deaf.woken)).toBe('settled');
  });

  test('wakes all who wait on it, and each only once', async () => {
    const { stream, commit } = fedStream();
    using listener = stream.listen(1);
    const waits = [1, 2, 3].map(() => listener.wait(FAR_MS, new AbortController().signal));
    commit({ user: 1 });
    for (const each of waits) expect(await stateOf(each.woken)).toBe('settled');
    using later = listener.wait(FAR_MS, new AbortController().signal);
    expect(await stateOf(later.woken)).toBe('pending');
  });

  test('ends a wait at its time, when the client goes, and with itself', async () => {
    const { stream } = fedStream();
    const listener = stream.listen(1);
    using short = listener.wait(1, new AbortController().signal);
    await short.woken;
    const gone = new AbortController();
    using aborted = listener.wait(FAR_MS, gone.signal);
    gone.abort();
    expect(await stateOf(aborted.woken)).toBe('settled');
    using late = listener.wait(FAR_MS, gone.signal);
    expect(await stateOf(late.woken)).toBe('settled');
    using last = listener.wait(FAR_MS, new AbortController().signal);
    listener[Symbol.dispose]();
    expect(await stateOf(last.woken)).toBe('settled');
  });
});

describe('the stream', () => {
  test('remembers what changed since it began', () => {
    const { stream, commit } = fedStream();
    commit({ room: 10, users: [1] });
    expect(stream.head).toBe(HEAD + 1);
    expect([stream.rooms.changedSince(10, HEAD), stream.rooms.changedSince(10, HEAD + 1)]).toEqual([true, false]);
    expect([stream.users.changedSince(1, HEAD), stream.users.changedSince(2, HEAD)]).toEqual([true, false]);
    expect(stream.rooms.changedSince(11, HEAD - 1)).toBe('unknown');
    expect(stream.rooms.changedSince(10, HEAD - 1)).toBe(true);
  });

  test('tells when a position is reached, and gives up in time', async () => {
    const { stream, commit } = fedStream();
    expect(await stream.reached(HEAD, FAR_MS)).toBe(true);
    const soon = stream.reached(HEAD + 2, FAR_MS);
    commit({ user: 1 });
    expect(await stateOf(soon)).toBe('pending');
    commit({ user: 1 });
    expect(await soon).toBe(true);
    expect(await stream.reached(HEAD + 50, 1)).toBe(false);
  });
});
