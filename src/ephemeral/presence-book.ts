// Everybody's presence in memory: follows it through time, wakes those who share a room, and stores what is worth keeping.

import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { joinedRoomsOfUsers, putPresences, storedPresence } from '../storage/stores/presence.ts';
import type { Stream } from '../stream/stream.ts';
import { createPresenceLog, type PresenceLog } from './presence-log.ts';
import { newUserPresence, presenceAt, type UserPresence } from './presence-state.ts';
import type { Versions } from './versions.ts';

const SWEEP_MS = 5_000;
/** Changes within this time wake those concerned once. */
const GATHER_MS = 100;
const STORE_MS = 30_000;
/** Beyond this, users who are offline are forgotten. */
const USERS_MAX = 50_000;

export interface PresenceDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: Stream;
  /** Off: nothing is kept or told. */
  readonly isEnabled: boolean;
  readonly versions: Versions;
}

export class PresenceBook {
  readonly #deps: PresenceDeps;
  readonly #states = new Map<number, UserPresence>();
  /** Users who are not offline: the ones that time changes. */
  readonly #live = new Set<UserPresence>();
  readonly #toWake = new Set<number>();
  readonly #toStore = new Set<UserPresence>();
  readonly #listeners: ((users: readonly number[]) => void)[] = [];
  #sweeping: Timer | undefined;
  #storing: Timer | undefined;
  readonly told: PresenceLog;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
    this.told = createPresenceLog(deps.versions);
  }

  find(user: number): UserPresence | undefined {
    return this.#states.get(user);
  }

  /** Those who are not offline. */
  live(): UserPresence[] {
    return [...this.#live];
  }

  /** Those who were ever told of since the start. */
  known(): UserPresence[] {
    return [...this.#states.values()].filter(({ version }) => version > 0);
  }

  /** Called with users (also other servers') whose presence changed. */
  onChange(listener: (users: readonly number[]) => void): void {
    this.#listeners.push(listener);
  }

  open(user: number, userId: UserId): UserPresence {
    const known = this.#states.get(user);
    if (known) return known;
    if (this.#states.size >= USERS_MAX) this.#forgetSome();
    const state = newUserPresence(user, userId);
    this.#states.set(user, state);
    this.#recall(state).catch((err: unknown) => this.#deps.log.warn({ err }, 'Presence could not be read.'));
    return state;
  }

  setStatus(state: UserPresence, statusMsg: string | undefined): void {
    const isNews = state.statusMsg !== statusMsg;
    state.statusMsg = statusMsg;
    state.hasSpoken = true;
    this.refresh(state, isNews);
  }

  /** Looks at what has become of the user; `isNews`: others are to be told in any case. */
  refresh(state: UserPresence, isNews = false): void {
    const { clock } = this.#deps;
    const now = presenceAt(state, clock.now());
    const { shown } = state;
    if (now.presence === 'offline') this.#live.delete(state);
    else this.#live.add(state);
    if (!isNews && now.presence === shown.presence && now.currentlyActive === shown.currentlyActive) return;
    state.shown = now;
    state.version = this.told.add(state);
    this.#storeSoon(state);
    if (this.#toWake.size === 0) clock.after(GATHER_MS, () => this.#wake());
    this.#toWake.add(state.user);
    this.#sweepSoon();
  }

  /** At the end: time changes nothing any more, and what the next start should know is kept. */
  async end(): Promise<void> {
    this.#sweeping?.cancel();
    this.#storing?.cancel();
    await this.#store();
  }

  async #store(): Promise<void> {
    const rows = [...this.#toStore].map(({ user, statusMsg, lastActiveTs }) => ({
      user,
      statusMsg: statusMsg ?? null,
      lastActiveTs: lastActiveTs ?? null,
    }));
    this.#toStore.clear();
    if (rows.length > 0) await this.#deps.db.write(putPresences, rows);
  }

  /** What was kept of the user, unless they have said something newer by then. */
  async #recall(state: UserPresence): Promise<void> {
    const stored = await this.#deps.db.read((tx) => storedPresence(tx, state.user));
    if (!stored) return;
    state.lastActiveTs ??= stored.lastActiveTs ?? undefined;
    if (stored.statusMsg === null || state.hasSpoken) return;
    state.statusMsg = stored.statusMsg;
    if (state.version > 0) this.refresh(state, true);
  }

  #forgetSome(): void {
    for (const [user, state] of this.#states) {
      if (this.#states.size < USERS_MAX * 0.9) return;
      if (!this.#live.has(state) && !this.#toStore.has(state)) this.#states.delete(user);
    }
  }

  #wake(): void {
    const { db, stream, log } = this.#deps;
    const users = [...this.#toWake];
    this.#toWake.clear();
    for (const listener of this.#listeners) listener(users);
    db.read((tx) => joinedRoomsOfUsers(tx, users)).then(
      (rooms) => stream.poke({ rooms }),
      (err: unknown) => log.warn({ err }, 'Nobody could be woken for presence.'),
    );
  }

  #storeSoon(state: UserPresence): void {
    const { clock, log } = this.#deps;
    this.#toStore.add(state);
    this.#storing ??= clock.after(STORE_MS, () => {
      this.#storing = undefined;
      this.#store().catch((err: unknown) => log.warn({ err }, 'Presence could not be stored.'));
    });
  }

  #sweepSoon(): void {
    if (this.#live.size === 0) return;
    this.#sweeping ??= this.#deps.clock.after(SWEEP_MS, () => {
      this.#sweeping = undefined;
      for (const state of this.live()) this.refresh(state);
      this.#sweepSoon();
    });
  }
}
