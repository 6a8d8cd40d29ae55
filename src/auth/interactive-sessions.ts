// Sessions of user-interactive authentication, each tied to one request and its parameters.
// Client-Server API, "User-interactive API in the REST API".

import { createHmac } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { LruCache } from '../lib/lru-cache.ts';
import { canonicalJson } from '../protocol/canonical-json/canonical-json.ts';
import { forbidden } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { Database } from '../storage/database.ts';
import { accountOf } from '../storage/stores/accounts.ts';
import {
  completeUiaStage,
  endUiaSession,
  findUiaSession,
  saveUiaSession,
  type UiaSession,
} from '../storage/stores/uia-sessions.ts';
import type { Owner } from './interactive-stages.ts';
import { hashToken, newToken } from './tokens.ts';

const LIFETIME_MS = 3_600_000;
/** Parameters are remembered in memory only: they hold passwords. */
const REMEMBERED_MAX = 500;
const REMEMBERED_SIZE_MAX = 16_384;

/** The request that is authenticated. */
export interface Subject {
  /** Names the request, e.g. `POST /account/password`. */
  readonly operation: string;
  readonly owner: Owner;
  /** Registration: the name may be chosen anew in the same session. */
  readonly mayChangeParameters?: boolean;
}

export interface Attempt extends UiaSession {
  readonly id: string;
  readonly hash: Uint8Array;
  /** Not in the database yet. */
  readonly isNew: boolean;
}

const operationOf = ({ operation, owner }: Subject): string => `${owner?.user ?? ''} ${operation}`;

/** Keyed with the session's id, which is not stored: a stolen database tells nothing about passwords in parameters. */
const fingerprint = (id: string, parameters: JsonObject): Uint8Array | null =>
  Object.keys(parameters).length === 0
    ? null
    : createHmac('sha256', id).update(canonicalJson(parameters, 'lossless')).digest();

export const createInteractiveSessions = ({ db, clock }: { db: Database; clock: Clock }) => {
  const remembered = new LruCache<string, JsonObject>(REMEMBERED_MAX);

  const find = async (id: string): Promise<Attempt | undefined> => {
    const hash = hashToken(id);
    const session = await db.read((tx) => findUiaSession(tx, hash));
    if (!session || session.createdTs < clock.now() - LIFETIME_MS) return undefined;
    return { ...session, id, hash, isNew: false };
  };

  const save = ({ hash, operation, parameters, completed, createdTs }: Attempt): Promise<void> => {
    const session = { operation, parameters, completed, createdTs };
    return db.write(saveUiaSession, { hash, session, oldestTs: clock.now() - LIFETIME_MS });
  };

  return {
    find,

    begin(subject: Subject, parameters: JsonObject): Attempt {
      const id = newToken('uia');
      return {
        id,
        hash: hashToken(id),
        operation: operationOf(subject),
        parameters: fingerprint(id, parameters),
        completed: {},
        createdTs: clock.now(),
        isNew: true,
      };
    },

    /** The session a client names; undefined when it is unknown or too old. Throws M_FORBIDDEN for another request's session. */
    async resume(id: string, subject: Subject): Promise<Attempt | undefined> {
      const attempt = await find(id);
      if (attempt && attempt.operation !== operationOf(subject)) {
        throw forbidden('The session belongs to another request.');
      }
      return attempt;
    },

    /** Ties the session to the parameters, or holds them against those it is tied to. Throws M_FORBIDDEN when they changed. */
    async tie(subject: Subject, attempt: Attempt, given: JsonObject): Promise<Attempt> {
      const now = fingerprint(attempt.id, given);
      const then = attempt.parameters;
      if (now === null || (then !== null && Buffer.compare(now, then) === 0)) return attempt;
      if (then !== null && !subject.mayChangeParameters) {
        throw forbidden('The request changed during its authentication.');
      }
      const tied = { ...attempt, parameters: now };
      await save(tied);
      return tied;
    },

    /** The parameters of a request that came with nothing but `auth`; undefined when they are not known any more. */
    recall(attempt: Attempt): JsonObject | undefined {
      return remembered.get(attempt.id) ?? (attempt.parameters === null ? {} : undefined);
    },

    /** Before the client is asked for more. */
    async keep(attempt: Attempt, parameters: JsonObject): Promise<void> {
      if (attempt.isNew) await save(attempt);
      if (JSON.stringify(parameters).length <= REMEMBERED_SIZE_MAX) remembered.set(attempt.id, parameters);
    },

    async complete(attempt: Attempt, stage: string, proof: string): Promise<Attempt> {
      if (attempt.isNew) return { ...attempt, completed: { [stage]: proof } };
      const completed = await db.write(completeUiaStage, { hash: attempt.hash, stage, proof });
      return { ...attempt, completed: completed ?? {} };
    },

    /** A session serves one call: false for the second of two that end it at the same time. */
    async end(attempt: Attempt): Promise<boolean> {
      remembered.delete(attempt.id);
      return attempt.isNew || db.write(endUiaSession, attempt.hash);
    },

    /** Who began the session. */
    async ownerOf({ operation }: Attempt): Promise<Owner> {
      const user = Number(operation.slice(0, operation.indexOf(' ')));
      return user === 0 ? undefined : db.read((tx) => accountOf(tx, user));
    },
  };
};
