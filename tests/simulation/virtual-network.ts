// The network between simulated servers: it delays, loses, repeats and parts, by chance that is drawn from a seed.

import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import inject from 'light-my-request';
import type { Outbound, OutboundRequest, OutboundStream } from '../../src/http/outbound/outbound.ts';
import { OutboundError } from '../../src/http/outbound/outbound-error.ts';
import { sleepOn } from '../../src/lib/clock.ts';
import type { SeededRandom } from '../harness/seeded-random.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Host {
  readonly name: string;
  /** undefined: it is down. */
  readonly listener: RequestListener | undefined;
}

/** How a lying server changes what it says. */
export interface Tongue {
  /** Its request on the way out; undefined: it is not sent. */
  request(to: string, request: OutboundRequest): OutboundRequest | undefined;
  /** What it answers to a request for this path. */
  answer(path: string, body: string): string;
}

export interface NetworkOptions {
  /** Shares of requests, 0 to 1. */
  readonly lostShare: number;
  readonly repeatedShare: number;
  readonly delayMsMax: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

export class VirtualNetwork {
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #hosts = new Map<string, () => Host>();
  readonly #tongues = new Map<string, Tongue>();
  /** Host → its side; hosts of different sides do not reach each other. */
  #sides = new Map<string, number>();
  options: NetworkOptions;
  requests = 0;

  constructor(time: VirtualTime, random: SeededRandom, options: NetworkOptions) {
    this.#time = time;
    this.#random = random;
    this.options = options;
  }

  add(name: string, host: () => Host, tongue?: Tongue): void {
    this.#hosts.set(name, host);
    if (tongue) this.#tongues.set(name, tongue);
  }

  /** Parts the hosts; an empty map joins them again. */
  part(sides: ReadonlyMap<string, number>): void {
    this.#sides = new Map(sides);
  }

  /** The way out of one server. */
  outboundOf(from: string): Outbound {
    const stream = (request: OutboundRequest): Promise<OutboundStream> => this.#exchange(from, request);
    return {
      stream,
      request: async (request) => {
        const answer = await stream(request);
        const chunks: Buffer[] = [];
        for await (const chunk of answer.body) chunks.push(chunk as Buffer);
        return { ...answer, body: Buffer.concat(chunks) };
      },
      lastDial: () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  async #exchange(from: string, given: OutboundRequest): Promise<OutboundStream> {
    this.requests += 1;
    const { host } = new URL(given.url);
    const tongue = this.#tongues.get(from);
    const request = tongue ? tongue.request(host, given) : given;
    if (!request) return this.#never(given);
    await this.#delay(request);
    if (!this.#reaches(from, host)) {
      throw new OutboundError('tcp', `cannot connect to ${host}`);
    }
    if (this.#random.chance(this.options.lostShare)) return this.#never(request);
    if (this.#random.chance(this.options.repeatedShare)) void this.#deliver(host, request).catch(() => undefined);
    const answer = await this.#deliver(host, request);
    await this.#delay(request);
    if (!this.#reaches(from, host) || this.#random.chance(this.options.lostShare)) return this.#never(request);
    const path = new URL(request.url).pathname;
    const body = this.#tongues.get(host)?.answer(path, answer.body) ?? answer.body;
    return {
      status: answer.status,
      headers: { 'content-type': 'application/json' },
      body: Readable.from([Buffer.from(body)]),
      url: request.url,
    };
  }

  async #deliver(host: string, { url, method = 'GET', headers, body }: OutboundRequest): Promise<Answer> {
    const { listener } = this.#hosts.get(host)?.() ?? {};
    if (!listener) throw new OutboundError('tcp', `${host} is down`);
    const { pathname, search } = new URL(url);
    // Such a request is complete from its beginning.
    const whole: typeof listener = (request, response) =>
      listener(Object.assign(request, { complete: true }), response);
    const answer = await inject(whole as never, {
      method: method as 'GET',
      url: pathname + search,
      headers: { ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : Buffer.from(body) }),
    });
    return { status: answer.statusCode, body: answer.payload };
  }

  #reaches(from: string, to: string): boolean {
    const host = this.#hosts.get(to)?.();
    return host?.listener !== undefined && this.#sides.get(from) === this.#sides.get(to);
  }

  /** The request or its answer is lost: the sender waits until its time is over. */
  async #never(request: OutboundRequest): Promise<never> {
    await this.#sleep(request.timeoutMs, request);
    throw new OutboundError('timeout', `no answer within ${request.timeoutMs} ms`);
  }

  #delay(request: OutboundRequest): Promise<void> {
    return this.#sleep(1 + this.#random.below(this.options.delayMsMax), request);
  }

  #sleep(delayMs: number, { signal }: OutboundRequest): Promise<void> {
    const sleep = sleepOn((ms, run) => this.#time.after(ms, run));
    return sleep(delayMs, signal).catch(() => {
      throw new OutboundError('aborted', 'the caller gave up');
    });
  }
}
