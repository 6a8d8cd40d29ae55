// Which servers meet in which journeys: one hosts a room, the other visits it.

import { describe } from 'vitest';
import { newPerson, type Person } from './person.ts';
import type { ServerKey, Servers } from './servers/all.ts';
import type { Homeserver } from './servers/homeserver.ts';

interface Pairing {
  readonly host: ServerKey;
  readonly guest: ServerKey;
}

export interface Meeting {
  readonly host: Homeserver;
  readonly guest: Homeserver;
  /** A new user of the host, ended with the stack. */
  resident(stack: AsyncDisposableStack, name?: string): Promise<Person>;
  /** A new user of the guest. */
  visitor(stack: AsyncDisposableStack, name?: string): Promise<Person>;
}

export interface MeetingOptions {
  /** The servers are stopped or changed: nothing else may run at the same time. */
  readonly isAlone?: boolean;
}

/** For machines under load. */
export const JOURNEY_TIMEOUT_MS = 240_000;

export type Journeys = (meeting: Meeting, version: string) => void;

const parsePairing = (text: string): Pairing => {
  const [host, guest] = text.split('/') as [ServerKey, ServerKey];
  return { host, guest };
};

/** INTEROP_PAIRINGS=synapse/synapse-pg proves the journeys themselves, on servers that nobody here has written. */
const chosen = process.env.INTEROP_PAIRINGS?.split(',').map(parsePairing);

/** In each line each kind hosts the other, and Kintsugi itself; both lines have every engine on every side. */
const lines = [
  ['kintsugi/synapse-pg', 'synapse/kintsugi-pg', 'kintsugi/kintsugi-pg'].map(parsePairing),
  ['kintsugi-pg/synapse', 'synapse-pg/kintsugi', 'kintsugi-pg/kintsugi'].map(parsePairing),
];

export const serverKeys: readonly ServerKey[] = [
  ...new Set((chosen ?? lines.flat()).flatMap(({ host, guest }) => [host, guest])),
];

const meet = (servers: () => Servers, { host, guest }: Pairing): Meeting => ({
  get host() {
    return servers().get(host);
  },
  get guest() {
    return servers().get(guest);
  },
  async resident(stack, name = 'resident') {
    return stack.use(await newPerson(servers().get(host), name));
  },
  async visitor(stack, name = 'visitor') {
    return stack.use(await newPerson(servers().get(guest), name));
  },
});

const isKintsugiAlone = ({ host, guest }: Pairing): boolean =>
  host.startsWith('kintsugi') && guest.startsWith('kintsugi');

let turn = 0;

/**
 * Defines the journeys once for each room version and pairing. The lines of pairings take turns, so that every version
 * meets each kind as host and as guest, and several versions meet every engine. Kintsugi meets itself in the last version.
 */
export const describeMeetings = (
  name: string,
  versions: readonly string[],
  servers: () => Servers,
  journeys: Journeys,
  { isAlone = false }: MeetingOptions = {},
): void => {
  const group = isAlone ? describe : describe.concurrent;
  for (const version of versions) {
    for (const pairing of chosen ?? lines[turn++ % lines.length] ?? []) {
      if (!chosen && isKintsugiAlone(pairing) && version !== versions.at(-1)) continue;
      group(
        `${name}, version ${version}: ${pairing.host} hosts ${pairing.guest}`,
        { timeout: JOURNEY_TIMEOUT_MS },
        () => {
          journeys(meet(servers, pairing), version);
        },
      );
    }
  }
};
