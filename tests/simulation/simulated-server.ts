// A whole Kintsugi on virtual time, a virtual network and a database in memory, that can be killed and started again.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Resolver } from '../../src/http/outbound/resolver.ts';
import { createLog, type LogLevel } from '../../src/lib/log.ts';
import { createMetrics } from '../../src/lib/metrics.ts';
import { createPeers } from '../../src/peers/peers.ts';
import type { UserId } from '../../src/protocol/ids/branded.ts';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import { type SigningKey, signingKeyFromSeed } from '../../src/protocol/signing/signing-key.ts';
import { type Composed, compose } from '../../src/server/compose.ts';
import type { layGround } from '../../src/server/lay-ground.ts';
import { createStream } from '../../src/stream/stream.ts';
import { type Disk, memoryDisk } from './memory-database.ts';
import { wellKnown } from './verify-at-once.ts';
import type { VirtualNetwork } from './virtual-network.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface World {
  readonly time: VirtualTime;
  readonly network: VirtualNetwork;
  readonly logLevel: LogLevel;
}

export interface SimulatedUser {
  readonly user: number;
  readonly userId: UserId;
}

const nowhere: Resolver = {
  addresses: async () => ({ ipv4: { addresses: [], failure: 'ENOTFOUND' }, ipv6: { addresses: [] } }),
  srv: async () => ({ targets: [] }),
};

const keyOf = (name: string): SigningKey =>
  wellKnown(signingKeyFromSeed('ed25519:sim', createHash('sha256').update(name).digest('base64')));

export interface Being {
  readonly name: string;
  /** How far its clock goes wrong. */
  readonly skewMs: number;
}

export class SimulatedServer implements AsyncDisposable {
  readonly name: string;
  readonly skewMs: number;
  readonly signingKey: SigningKey;
  readonly #world: World;
  readonly #begunWith: Uint8Array | undefined;
  readonly #directory = mkdtempSync(join(tmpdir(), 'kintsugi-sim-'));
  #disk: Disk | undefined;
  #life: { readonly composed: Composed; isAlive: boolean } | undefined;

  /** `contents`: what it has on its disk when it is started for the first time. */
  constructor({ name, skewMs }: Being, world: World, contents?: Uint8Array) {
    this.name = name;
    this.skewMs = skewMs;
    this.signingKey = keyOf(name);
    this.#world = world;
    this.#begunWith = contents;
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  /** Throws while it is down. */
  get parts(): Composed['parts'] {
    if (!this.#life) throw new Error(`${this.name} is down`);
    return this.#life.composed.parts;
  }

  get listener(): Composed['inbound']['listener'] | undefined {
    return this.#life?.composed.inbound.listener;
  }

  async start(): Promise<void> {
    this.#disk ??= await memoryDisk(this.#begunWith);
    const life = { isAlive: true };
    const { config } = loadConfig({
      file: join(import.meta.dirname, '../../examples/load-test.yaml'),
      flags: [
        { path: ['serverName'], value: this.name, source: 'simulation' },
        { path: ['dataDirectory'], value: this.#directory, source: 'simulation' },
      ],
    });
    const composed = await compose(
      config,
      this.#ground(() => life.isAlive),
    );
    this.#life = Object.assign(life, { composed });
  }

  /** It dies at once: nothing is finished, nothing is said. */
  kill(): void {
    if (this.#life) this.#life.isAlive = false;
    this.#life = undefined;
  }

  /** All that is on its disk, for another server of its name. */
  copyDisk(): Uint8Array {
    if (!this.#disk) throw new Error(`${this.name} was never started`);
    return this.#disk.copy();
  }

  async person(name: string): Promise<SimulatedUser> {
    const userId = `@${name}:${this.name}` as UserId;
    const none = {
      passwordHash: null,
      displayname: null,
      appservice: null,
      termsVersion: null,
      registrationToken: null,
    };
    const user = await this.parts.accounts.createAccount({ ...none, userId, isGuest: false, isAdmin: false });
    return { user, userId };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    this.#disk?.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #ground(isAlive: () => boolean): typeof layGround {
    const { time, network, logLevel } = this.#world;
    return async (config, stack) => {
      const clock = time.clock(this.skewMs, isAlive);
      const write = (line: string): void => void process.stderr.write(`${this.name} ${line}`);
      const log = createLog({ level: logLevel, format: 'json', destination: { write } });
      const metrics = createMetrics();
      const serverName = parseServerName(this.name);
      const identity = { serverName, signingKey: this.signingKey, oldKeys: [] };
      const db = this.#disk!.open(isAlive);
      const stream = createStream({ db });
      const outbound = network.outboundOf(this.name);
      const deps = { db, clock, log, metrics, identity, outbound, config: config.federation };
      const peers = stack.use(createPeers({ ...deps, resolver: nowhere, userAgent: 'Simulation' }));
      await peers.start();
      return { config, clock, log, metrics, identity, serverName, db, stream, outbound, peers };
    };
  }
}
