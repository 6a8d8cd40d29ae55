// Servers that may help into a room or out of it, tried one after the other until one does.

import { PeerError } from '../../peers/peer-error.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { isServerName } from '../../protocol/ids/server-name.ts';
import { peerFailure } from '../peer-failure.ts';
import type { HandshakeDeps } from './deps.ts';

const CANDIDATES_MAX = 15;
/** No further server is tried when this much time has gone by: a user waits. */
const TRYING_TIME_MS = 90_000;

export interface Candidates {
  /** By the client, the alias, or who sent an invite. */
  readonly named: readonly ServerName[];
  /** Tried when none of the named ones can be asked or knows the room: who made it, those known to have been in it. */
  readonly guessed: readonly ServerName[];
}

/** Without repetition and without this server, those that are left alone for a failure last. */
export const candidatesAmong = (
  deps: Pick<HandshakeDeps, 'peers' | 'serverName'>,
  named: readonly (string | undefined)[],
  guessed: readonly (string | undefined)[],
): Candidates => {
  const first = inOrder(deps, named);
  return { named: first, guessed: inOrder(deps, guessed).filter((server) => !first.includes(server)) };
};

const inOrder = (
  { peers, serverName }: Pick<HandshakeDeps, 'peers' | 'serverName'>,
  named: readonly (string | undefined)[],
): ServerName[] => {
  const servers = [...new Set(named)].filter(
    (name): name is ServerName => name !== undefined && name !== serverName && isServerName(name),
  );
  const wanted = servers.filter((server) => peers.isAllowed(server));
  const { ready = [], leftAlone = [] } = Object.groupBy(wanted, (server) =>
    peers.isLeftAlone(server) ? 'leftAlone' : 'ready',
  );
  return [...ready, ...leftAlone].slice(0, CANDIDATES_MAX);
};

/**
 * The first answer. `attempt` throws PeerError when another server is to be tried, anything else to give up. Throws what
 * peerFailure makes of all failures.
 */
export const firstToHelp = async <T>(
  { clock, log }: Pick<HandshakeDeps, 'clock' | 'log'>,
  what: string,
  { named, guessed }: Candidates,
  attempt: (server: ServerName) => Promise<T>,
): Promise<T> => {
  const failures: PeerError[] = [];
  const deadline = clock.monotonic() + TRYING_TIME_MS;
  for (const servers of [named, guessed]) {
    if (failures.some(isAnswer)) break;
    for (const server of servers) {
      if (clock.monotonic() > deadline) break;
      try {
        return await attempt(server);
      } catch (error) {
        if (!(error instanceof PeerError)) throw error;
        log.debug({ err: error, server }, `${what} through this server.`);
        failures.push(error);
      }
    }
  }
  throw peerFailure(what, failures);
};

/** The server knows the room and said why not. */
const isAnswer = ({ stage, status }: PeerError): boolean => stage === 'application' && status !== 404;

/** What a server sent is not what the specification asks for: the next one is tried. */
export const malformed = (server: ServerName, why: string, cause?: unknown): PeerError =>
  new PeerError(server, 'application', why, { cause });

/** Runs checks of what a server sent: a MatrixError of theirs is that server's failure. */
export const blaming = async <T>(server: ServerName, work: () => T | Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MatrixError) throw malformed(server, `what it sent is refused: ${error.message}`, error);
    throw error;
  }
};
