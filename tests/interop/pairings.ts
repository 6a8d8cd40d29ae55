// Which servers meet in which journeys: one hosts a room, the other visits it.

import { describe } from 'vitest';
import { newPerson, type Person } from './person.ts';
import type { ServerKey, Servers } from './servers/all.ts';
import type { Homeserver } from './servers/homeserver.ts';

export interface Pairing {
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

/** INTEROP_PAIRINGS=synapse-pg>synapse,… proves the journeys themselves, with servers that nobody here has written. */
const chosen = process.env.INTEROP_PAIRINGS?.split(',').map((text): Pairing => {
  const [host, guest] = text.split('>') as [ServerKey, ServerKey];
  return { host, guest };
});

/** Each kind hosts the other, on every engine, and Kintsugi itself. */
const all: readonly Pairing[] = [
  { host: 'kintsugi', guest: 'synapse-pg' },
  { host: 'synapse', guest: 'kintsugi-pg' },
  { host: 'kintsugi-pg', guest: 'synapse' },
  { host: 'synapse-pg', guest: 'kintsugi' },
  { host: 'kintsugi', guest: 'kintsugi-pg' },
];

const pairings = chosen ?? all;

export const serverKeys: readonly ServerKey[] = [...new Set(pairings.flatMap(({ host, guest }) => [host, guest]))];

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

/** Defines the journeys once for each pairing. */
export const describePairings = (name: string, servers: () => Servers, define: (meeting: Meeting) => void): void => {
  for (const pairing of pairings) {
    describe(`${name}: ${pairing.host} hosts ${pairing.guest}`, () => define(meet(servers, pairing)));
  }
};

/**
 * Defines the journeys for each room version, the pairings in turn: every version meets each kind as the host, and the
 * engines alternate.
 */
export const describeVersions = (
  name: string,
  versions: readonly string[],
  servers: () => Servers,
  define: (meeting: Meeting, version: string) => void,
): void => {
  for (const [index, version] of versions.entries()) {
    const inTurn = chosen ?? [...(index % 2 === 0 ? all.slice(0, 2) : all.slice(2, 4)), ...all.slice(4)];
    for (const pairing of inTurn) {
      describe(`${name}, version ${version}: ${pairing.host} hosts ${pairing.guest}`, () =>
        define(meet(servers, pairing), version));
    }
  }
};
