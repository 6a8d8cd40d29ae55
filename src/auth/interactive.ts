// User-interactive authentication: a request goes on once all stages of a flow are done.
// Client-Server API, "User-Interactive Authentication API".

import type { Clock } from '../lib/clock.ts';
import type { MatrixError } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { Database } from '../storage/database.ts';
import type { CompletedStages } from '../storage/stores/uia-sessions.ts';
import { interactionNeeded, type Refusal } from './interactive-error.ts';
import { type Flow, isComplete, mayAttempt } from './interactive-flows.ts';
import { type Attempt, createInteractiveSessions, type Subject } from './interactive-sessions.ts';
import type { Stage } from './interactive-stages.ts';

export interface Interaction extends Subject {
  readonly flows: readonly Flow[];
  /** The request's body, `auth` included. */
  readonly body: JsonObject;
}

export interface Confirmed {
  /** The body without `auth`; from an earlier request of the session when this one had nothing but `auth`. */
  readonly parameters: JsonObject;
  readonly completed: CompletedStages;
}

export interface InteractiveDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly stages: ReadonlyMap<string, Stage>;
}

const EXPIRED: Refusal = { errcode: 'M_UNAUTHORIZED', error: 'The session is unknown or has expired.' };
const FORGOTTEN: Refusal = { errcode: 'M_UNAUTHORIZED', error: "The request's parameters are not known any more." };

const objectOf = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;

export const createInteractive = ({ db, clock, stages }: InteractiveDeps) => {
  const sessions = createInteractiveSessions({ db, clock });

  /** The 401 that asks for the next stage. */
  const ask = async (
    { flows }: Interaction,
    attempt: Attempt,
    parameters: JsonObject,
    refusal?: Refusal,
  ): Promise<MatrixError> => {
    await sessions.keep(attempt, parameters);
    const params: JsonObject = {};
    for (const type of new Set(flows.flat())) {
      const stage = stages.get(type);
      if (stage?.params) params[type] = stage.params;
    }
    return interactionNeeded(
      { flows, params, session: attempt.id, completed: Object.keys(attempt.completed) },
      refusal,
    );
  };

  /** The session after an attempt on the stage that the client names. */
  const advance = async (
    { flows, owner }: Interaction,
    attempt: Attempt,
    auth: JsonObject,
  ): Promise<{ attempt: Attempt; refusal?: Refusal }> => {
    const { type } = auth;
    const done = Object.keys(attempt.completed);
    // "Completed stages cannot be retried by clients".
    if (typeof type !== 'string' || done.includes(type)) return { attempt };
    const stage = stages.get(type);
    if (!stage || !mayAttempt(flows, done, type)) {
      return { attempt, refusal: { errcode: 'M_UNRECOGNIZED', error: `${type} is not the next stage of any flow.` } };
    }
    const result = await stage.check(auth, owner);
    if ('refusal' in result) return { attempt, refusal: result.refusal };
    return { attempt: await sessions.complete(attempt, type, result.proof) };
  };

  return {
    /**
     * Returns once all stages of a flow are done, which ends the session. Otherwise throws the 401 with flows, params and
     * session; M_FORBIDDEN when the session belongs to another request or the parameters changed.
     */
    async confirm(interaction: Interaction): Promise<Confirmed> {
      const { auth: authValue, ...given } = interaction.body;
      const auth = objectOf(authValue);
      const begun = (): Attempt => sessions.begin(interaction, given);
      if (!auth) throw await ask(interaction, begun(), given);
      const resumed = typeof auth.session === 'string' ? await sessions.resume(auth.session, interaction) : begun();
      if (!resumed) throw await ask(interaction, begun(), given, EXPIRED);
      const tied = resumed.isNew ? resumed : await sessions.tie(interaction, resumed, given);
      const parameters = Object.keys(given).length === 0 ? sessions.recall(tied) : given;
      if (!parameters) throw await ask(interaction, begun(), given, FORGOTTEN);
      const { attempt, refusal } = await advance(interaction, tied, auth);
      if (refusal || !isComplete(interaction.flows, Object.keys(attempt.completed))) {
        throw await ask(interaction, attempt, parameters, refusal);
      }
      if (!(await sessions.end(attempt))) throw await ask(interaction, begun(), parameters, EXPIRED);
      return { parameters, completed: attempt.completed };
    },

    /** A stage done in the browser; undefined when it is done, or why it failed. */
    async completeInBrowser(sessionId: string, type: string, auth: JsonObject): Promise<Refusal | undefined> {
      const attempt = await sessions.find(sessionId);
      const stage = stages.get(type);
      if (!stage || !attempt) return EXPIRED;
      if (type in attempt.completed) return undefined;
      const result = await stage.check(auth, await sessions.ownerOf(attempt));
      if ('refusal' in result) return result.refusal;
      await sessions.complete(attempt, type, result.proof);
      return undefined;
    },
  };
};

export type Interactive = ReturnType<typeof createInteractive>;
