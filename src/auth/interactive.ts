// User-interactive authentication: sessions of stages, each tied to one request and its parameters.
// Client-Server API, "User-Interactive Authentication API".

import { createHmac } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { LruCache } from '../lib/lru-cache.ts';
import { canonicalJson } from '../protocol/canonical-json/canonical-json.ts';
import { forbidden } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { Database } from '../storage/database.ts';
import { accountOf } from '../storage/stores/accounts.ts';
import {
  type CompletedStages,
  completeUiaStage,
  endUiaSession,
  findUiaSession,
  saveUiaSession,
  type UiaSession,
} from '../storage/stores/uia-sessions.ts';
import { interactionNeeded, type Refusal } from './interactive-error.ts';
import { type Flow, isComplete, mayAttempt } from './interactive-flows.ts';
import type { Owner, Stage } from './interactive-stages.ts';
import { hashToken, newToken } from './tokens.ts';

const LIFETIME_MS = 3_600_000;
/** Parameters are remembered in memory only: they hold passwords. */
const REMEMBERED_MAX = 500;
const REMEMBERED_SIZE_MAX = 16_384;

export interface Interaction {
  /** Names the request, e.g. `POST /account/password`. */
  readonly operation: string;
  readonly owner: Owner;
  readonly flows: readonly Flow[];
  /** The request's body, `auth` included. */
  readonly body: JsonObject;
  /** Registration: the name may be chosen anew in the same session. */
  readonly mayChangeParameters?: boolean;
}

export interface Confirmed {
  /** The body without `auth`; from an earlier request of the session when this one had nothing but `auth`. */
  readonly parameters: JsonObject;
  readonly completed: CompletedStages;
}

interface Attempt {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly session: UiaSession;
  /** Not in the database yet. */
  readonly isNew: boolean;
}

export interface InteractiveDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly stages: ReadonlyMap<string, Stage>;
}

const operationOf = ({ operation, owner }: Interaction): string => `${owner?.user ?? ''} ${operation}`;

/** Keyed with the session's id, which is not stored: a stolen database tells nothing about passwords in parameters. */
const fingerprint = (id: string, parameters: JsonObject): Uint8Array | null =>
  Object.keys(parameters).length === 0
    ? null
    : createHmac('sha256', id).update(canonicalJson(parameters, 'lossless')).digest();

const objectOf = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;

export const createInteractive = ({ db, clock, stages }: InteractiveDeps) => {
  const remembered = new LruCache<string, JsonObject>(REMEMBERED_MAX);

  const begin = (interaction: Interaction, parameters: JsonObject): Attempt => {
    const id = newToken('uia');
    const session: UiaSession = {
      operation: operationOf(interaction),
      parameters: fingerprint(id, parameters),
      completed: {},
      createdTs: clock.now(),
    };
    return { id, hash: hashToken(id), session, isNew: true };
  };

  const save = (attempt: Attempt): Promise<void> =>
    db.write(saveUiaSession, { hash: attempt.hash, session: attempt.session, oldestTs: clock.now() - LIFETIME_MS });

  const ask = async (interaction: Interaction, attempt: Attempt, parameters: JsonObject, refusal?: Refusal) => {
    if (attempt.isNew) await save(attempt);
    if (JSON.stringify(parameters).length <= REMEMBERED_SIZE_MAX) remembered.set(attempt.id, parameters);
    const { flows } = interaction;
    const params: JsonObject = {};
    for (const type of new Set(flows.flat())) {
      const stage = stages.get(type);
      if (stage?.params) params[type] = stage.params;
    }
    const completed = Object.keys(attempt.session.completed);
    return interactionNeeded({ flows, params, session: attempt.id, completed }, refusal);
  };

  /** The session a client names; undefined when it is unknown or too old. Throws M_FORBIDDEN for another request's session. */
  const resume = async (id: string, interaction: Interaction): Promise<Attempt | undefined> => {
    const hash = hashToken(id);
    const session = await db.read((tx) => findUiaSession(tx, hash));
    if (!session || session.createdTs < clock.now() - LIFETIME_MS) return undefined;
    if (session.operation !== operationOf(interaction)) throw forbidden('The session belongs to another request.');
    return { id, hash, session, isNew: false };
  };

  /** Ties the session to the parameters, or holds them against those it is tied to. */
  const tie = async (interaction: Interaction, attempt: Attempt, given: JsonObject): Promise<Attempt> => {
    const now = fingerprint(attempt.id, given);
    const then = attempt.session.parameters;
    if (now === null || (then !== null && Buffer.compare(now, then) === 0)) return attempt;
    if (then !== null && !interaction.mayChangeParameters) {
      throw forbidden('The request changed during its authentication.');
    }
    const tied = { ...attempt, session: { ...attempt.session, parameters: now } };
    if (!attempt.isNew) await save(tied);
    return tied;
  };

  /** The session after an attempt on the stage that the client names. */
  const advance = async (
    interaction: Interaction,
    attempt: Attempt,
    auth: JsonObject,
  ): Promise<{ attempt: Attempt; refusal?: Refusal }> => {
    const { type } = auth;
    const done = Object.keys(attempt.session.completed);
    // "Completed stages cannot be retried by clients".
    if (typeof type !== 'string' || done.includes(type)) return { attempt };
    const stage = stages.get(type);
    if (!stage || !mayAttempt(interaction.flows, done, type)) {
      return { attempt, refusal: { errcode: 'M_UNRECOGNIZED', error: `${type} is not the next stage of any flow.` } };
    }
    const result = await stage.check(auth, interaction.owner);
    if ('refusal' in result) return { attempt, refusal: result.refusal };
    const completed = attempt.isNew
      ? { [type]: result.proof }
      : await db.write(completeUiaStage, { hash: attempt.hash, stage: type, proof: result.proof });
    return { attempt: { ...attempt, session: { ...attempt.session, completed: completed ?? {} } } };
  };

  const ownerOf = async ({ operation }: UiaSession): Promise<Owner> => {
    const user = Number(operation.slice(0, operation.indexOf(' ')));
    return user === 0 ? undefined : db.read((tx) => accountOf(tx, user));
  };

  return {
    /**
     * Returns once all stages of a flow are done, which ends the session. Otherwise throws the 401 with flows, params and
     * session; M_FORBIDDEN when the session belongs to another request or the parameters changed.
     */
    async confirm(interaction: Interaction): Promise<Confirmed> {
      const { auth: authValue, ...given } = interaction.body;
      const auth = objectOf(authValue);
      if (!auth) throw await ask(interaction, begin(interaction, given), given);
      const resumed = typeof auth.session === 'string' ? await resume(auth.session, interaction) : undefined;
      if (typeof auth.session === 'string' && !resumed) {
        const refusal = { errcode: 'M_UNAUTHORIZED', error: 'The session is unknown or has expired.' };
        throw await ask(interaction, begin(interaction, given), given, refusal);
      }
      const tied = resumed ? await tie(interaction, resumed, given) : begin(interaction, given);
      const isBare = Object.keys(given).length === 0;
      const parameters = isBare ? (remembered.get(tied.id) ?? given) : given;
      if (isBare && tied.session.parameters !== null && Object.keys(parameters).length === 0) {
        const refusal = { errcode: 'M_UNAUTHORIZED', error: "The request's parameters are not known any more." };
        throw await ask(interaction, begin(interaction, given), given, refusal);
      }
      const { attempt, refusal } = await advance(interaction, tied, auth);
      const { completed } = attempt.session;
      if (refusal || !isComplete(interaction.flows, Object.keys(completed))) {
        throw await ask(interaction, attempt, parameters, refusal);
      }
      remembered.delete(attempt.id);
      // Of two requests that end a session at the same time one goes on.
      if (!attempt.isNew && !(await db.write(endUiaSession, attempt.hash))) {
        throw await ask(interaction, begin(interaction, parameters), parameters);
      }
      return { parameters, completed };
    },

    /** A stage done in the browser; undefined when it is done, or why it failed. */
    async completeInBrowser(sessionId: string, type: string, auth: JsonObject): Promise<Refusal | undefined> {
      const hash = hashToken(sessionId);
      const session = await db.read((tx) => findUiaSession(tx, hash));
      const stage = stages.get(type);
      if (!stage || !session || session.createdTs < clock.now() - LIFETIME_MS) {
        return { errcode: 'M_UNAUTHORIZED', error: 'The session is unknown or has expired.' };
      }
      if (type in session.completed) return undefined;
      const result = await stage.check(auth, await ownerOf(session));
      if ('refusal' in result) return result.refusal;
      await db.write(completeUiaStage, { hash, stage: type, proof: result.proof });
      return undefined;
    },
  };
};

export type Interactive = ReturnType<typeof createInteractive>;
