// Connects to the first of several addresses that answers: "happy eyeballs", RFC 8305. An attempt that is slow does not
// hold up the next, and each tells what became of it, so that a broken address family shows.

import { connect, isIPv6, type Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import { OutboundError } from './outbound-error.ts';

export interface DialAttempt {
  readonly address: string;
  readonly family: 4 | 6;
  /** `connected`, `given up` because another was faster, or the system's error code. */
  readonly outcome: string;
}

export interface Dialled {
  readonly socket: Socket;
  readonly attempts: readonly DialAttempt[];
}

export interface DialOptions {
  readonly clock: Clock;
  /** For all attempts together. */
  readonly timeoutMs: number;
  /** RFC 8305, "Connection Attempt Delay": 250 ms are recommended. */
  readonly attemptDelayMs?: number;
}

const ATTEMPTS_MAX = 8;

const familyOf = (address: string): 4 | 6 => (isIPv6(address) ? 6 : 4);

/** IPv6 first, then the families in turn. */
export function interleaveFamilies(addresses: readonly string[]): string[] {
  const six = addresses.filter(isIPv6);
  const four = addresses.filter((address) => !isIPv6(address));
  const turns = Array.from({ length: Math.max(six.length, four.length) }, (_, index) => [six[index], four[index]]);
  return turns.flat().filter((address) => address !== undefined);
}

export const describeAttempts = (attempts: readonly DialAttempt[]): string =>
  attempts.map(({ family, address, outcome }) => `IPv${family} ${address}: ${outcome}`).join('; ');

/** Throws OutboundError `tcp` with the attempts when none connects. `addresses`: literals that the guard allows. */
export function dial(addresses: readonly string[], port: number, options: DialOptions): Promise<Dialled> {
  return new Dialling(addresses.slice(0, ATTEMPTS_MAX), port, options).result;
}

class Dialling {
  readonly result: Promise<Dialled>;
  readonly #addresses: readonly string[];
  readonly #port: number;
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #resolve: (dialled: Dialled) => void;
  readonly #reject: (error: OutboundError) => void;
  readonly #outcomes = new Map<string, string>();
  readonly #open = new Map<string, Socket>();
  readonly #deadline: { cancel(): void };
  #next = 0;
  #stagger: { cancel(): void } | undefined;
  #isOver = false;

  constructor(addresses: readonly string[], port: number, { clock, timeoutMs, attemptDelayMs = 250 }: DialOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<Dialled>();
    this.result = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#addresses = addresses;
    this.#port = port;
    this.#clock = clock;
    this.#delayMs = attemptDelayMs;
    this.#deadline = clock.after(timeoutMs, () => this.#giveUp());
    this.#tryNext();
  }

  #tryNext(): void {
    this.#stagger?.cancel();
    const address = this.#addresses[this.#next];
    if (address === undefined) {
      if (this.#open.size === 0) this.#giveUp();
      return;
    }
    this.#next += 1;
    const socket = connect({ host: address, port: this.#port, autoSelectFamily: false, noDelay: true });
    this.#open.set(address, socket);
    socket.once('connect', () => this.#succeed(address, socket));
    // Stays for good: an error between here and the socket's next owner must not end the process.
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(address, error.code ?? error.message));
    this.#stagger = this.#clock.after(this.#delayMs, () => this.#tryNext());
  }

  #fail(address: string, outcome: string): void {
    if (this.#isOver || !this.#open.delete(address)) return;
    this.#outcomes.set(address, outcome);
    this.#tryNext();
  }

  #succeed(address: string, socket: Socket): void {
    if (this.#isOver) return;
    this.#open.delete(address);
    this.#outcomes.set(address, 'connected');
    this.#end('given up');
    this.#resolve({ socket, attempts: this.#attempts() });
  }

  #giveUp(): void {
    if (this.#isOver) return;
    this.#end('ETIMEDOUT');
    const attempts = this.#attempts();
    this.#reject(new OutboundError('tcp', `cannot connect (${describeAttempts(attempts)})`, undefined, attempts));
  }

  #end(outcomeOfOpen: string): void {
    this.#isOver = true;
    this.#stagger?.cancel();
    this.#deadline.cancel();
    for (const [address, socket] of this.#open) {
      this.#outcomes.set(address, outcomeOfOpen);
      socket.destroy();
    }
  }

  #attempts(): DialAttempt[] {
    return [...this.#outcomes].map(([address, outcome]) => ({ address, family: familyOf(address), outcome }));
  }
}
