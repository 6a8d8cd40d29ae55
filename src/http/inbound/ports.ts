// What the edge needs from parts above it: who is behind a token, which server signed a request.

import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Caller } from './endpoint.ts';

/** Whom an application service says it speaks as: `?user_id=` and `?device_id=`. To be ignored for users' own tokens. */
export interface AssertedIdentity {
  readonly userId: string | undefined;
  readonly deviceId: string | undefined;
}

/** A request from another server, with everything its signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query exactly as sent. */
  readonly target: string;
  /** Every Authorization header of the request. */
  readonly authorization: readonly string[];
  /** The parsed body; undefined when the request has none. */
  readonly content: JsonObject | undefined;
  readonly contentText: string;
}

export interface Authenticator {
  /** The caller behind an access token; throws M_UNKNOWN_TOKEN. Synchronous when it is known already. */
  authenticate(token: string, asserted: AssertedIdentity | undefined): Caller | Promise<Caller>;
  /** Told of every request of a user, with the client's address and User-Agent; must be quick and not throw. */
  noteSeen?(caller: Caller, address: string, agent: string | undefined): void;
  /** The server that signed the request; throws M_UNAUTHORIZED. Absent: federation is off. */
  readonly verifyServer?: (request: SignedRequest) => Promise<ServerName>;
}
