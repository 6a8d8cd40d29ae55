// From a send to its event in the /sync of 20 other members who wait for it.

import type { Connection } from '../load/connection.ts';
import { percentile } from '../load/statistics.ts';
import type { User } from '../load/user.ts';
import type { Row } from './row.ts';

const LISTENERS = 20;
/** Listeners are back at waiting by then, and the sends do not meet a rhythm of the server. */
const PAUSE_MS = [40, 55, 70] as const;

interface Listener {
  /** Resolves with the time at which an answer that holds this text had come. */
  sees(text: string): Promise<number>;
  stop(): void;
}

const listen = async (user: User): Promise<Listener> => {
  const connection: Connection = user.connect();
  let since = String((await user.call('GET', '/sync?timeout=0')).next_batch);
  let isOver = false;
  let wanted: { text: string; resolve(time: number): void; reject(error: unknown): void } | undefined;
  const poll = async (): Promise<void> => {
    while (!isOver) {
      const { status, body } = await connection.request('GET', `/_matrix/client/v3/sync?timeout=30000&since=${since}`);
      const time = performance.now();
      if (status !== 200) throw new Error(`/sync answered ${status}: ${body.toString()}`);
      if (wanted && body.includes(wanted.text)) wanted.resolve(time);
      since = (JSON.parse(body.toString()) as { next_batch: string }).next_batch;
    }
  };
  poll().catch((error: unknown) => {
    if (!isOver) wanted?.reject(error);
  });
  return {
    sees: (text) => new Promise((resolve, reject) => (wanted = { text, resolve, reject })),
    stop() {
      isOver = true;
      connection.close();
    },
  };
};

export const seen: Row = {
  name: 'seen',
  async run({ world, repeats, record }) {
    const { roomId, members } = await world.crowd(LISTENERS + 1);
    const [speaker, ...others] = members;
    const sender = world.sender(speaker!, roomId);
    const listeners = await Promise.all(others.map(listen));
    for (let repeat = 0; repeat < repeats; repeat++) {
      const delaysMs: number[] = [];
      // The first sends warm up.
      for (let sent = -5; sent < world.sizes.seen; sent++) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS[(sent + 5) % PAUSE_MS.length]));
        const text = `seen ${repeat}/${sent}.`;
        const times = listeners.map((listener) => listener.sees(text));
        const startedAt = performance.now();
        await sender.send(text);
        const all = await Promise.all(times);
        if (sent >= 0) delaysMs.push(...all.map((time) => time - startedAt));
      }
      for (const share of [50, 99]) record(`send → seen: p${share}`, 'ms', percentile(delaysMs, share / 100));
    }
    for (const listener of listeners) listener.stop();
  },
};
