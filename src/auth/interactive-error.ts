// The 401 that asks for (more) interactive authentication. Client-Server API, "User-interactive API in the REST API".

import { MatrixError } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';

/** Why the last attempt on a stage failed; the client may try again. */
export interface Refusal {
  readonly errcode: string;
  readonly error: string;
}

export interface Challenge {
  readonly flows: readonly (readonly string[])[];
  readonly params: JsonObject;
  readonly session: string;
  readonly completed: readonly string[];
}

/** Without a refusal the body has no errcode: clients would show it as an error. */
export const interactionNeeded = (challenge: Challenge, refusal?: Refusal): MatrixError =>
  new MatrixError(401, refusal?.errcode ?? '', refusal?.error ?? 'Authentication is needed.', {
    fields: {
      flows: challenge.flows.map((stages) => ({ stages: [...stages] })),
      params: challenge.params,
      session: challenge.session,
      ...(challenge.completed.length > 0 && { completed: [...challenge.completed] }),
    },
  });
