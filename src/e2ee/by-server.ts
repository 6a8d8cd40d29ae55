// Requests about many users, split by whose users they are.

import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import { serverOf } from '../protocol/ids/id-parts.ts';

export interface ByServer<T> {
  readonly local: ReadonlyMap<UserId, T>;
  readonly remote: ReadonlyMap<ServerName, ReadonlyMap<UserId, T>>;
}

export const byServer = <T>(users: ReadonlyMap<UserId, T>, own: ServerName): ByServer<T> => {
  const local = new Map<UserId, T>();
  const remote = new Map<ServerName, Map<UserId, T>>();
  for (const [userId, value] of users) {
    const server = serverOf(userId);
    const others = remote.get(server);
    if (server === own) local.set(userId, value);
    else if (others) others.set(userId, value);
    else remote.set(server, new Map([[userId, value]]));
  }
  return { local, remote };
};

/** By server name: "If any remote homeservers could not be reached, they are recorded here." */
export type Failures = Record<string, { readonly errcode: string; readonly error: string }>;

export const failureOf = (error: unknown): Failures[string] => ({
  errcode: 'M_UNREACHABLE',
  error: error instanceof Error ? error.message : 'Unreachable.',
});

/** Asks all servers at once. What fails becomes a failure of that server alone; so does everything when `ask` is undefined. */
export const askServers = async <T, R>(
  remote: ByServer<T>['remote'],
  ask: ((server: ServerName, users: ReadonlyMap<UserId, T>) => Promise<R>) | undefined,
): Promise<{ answers: { users: ReadonlyMap<UserId, T>; answer: R }[]; failures: Failures }> => {
  const failures: Failures = Object.create(null) as Failures;
  const answers: { users: ReadonlyMap<UserId, T>; answer: R }[] = [];
  const askOne = async (server: ServerName, users: ReadonlyMap<UserId, T>): Promise<void> => {
    try {
      if (!ask) throw new Error('This server does not federate.');
      answers.push({ users, answer: await ask(server, users) });
    } catch (error) {
      failures[server] = failureOf(error);
    }
  };
  await Promise.all([...remote].map(([server, users]) => askOne(server, users)));
  return { answers, failures };
};
