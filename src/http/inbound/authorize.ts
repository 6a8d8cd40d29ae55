// Who calls, and whether the endpoint is for them.

import type { IncomingMessage } from 'node:http';
import {
  forbidden,
  guestAccessForbidden,
  missingToken,
  unauthorized,
  userLocked,
  userSuspended,
} from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import { accessToken, authorizationHeaders } from './access-token.ts';
import type { Caller, CallerOf, Endpoint } from './endpoint.ts';
import type { Exchange } from './exchange.ts';
import type { AssertedIdentity, Authenticator } from './ports.ts';
import type { QueryText } from './query-text.ts';

type Declaration = Endpoint<never>['declaration'];

function asserted(query: QueryText): AssertedIdentity | undefined {
  const userId = query.get('user_id');
  if (userId === undefined) return undefined;
  return { userId, deviceId: query.get('device_id') ?? query.get('org.matrix.msc3202.device_id') };
}

/** The user behind the request, when the endpoint is for users. Client-Server API, "Client authentication". */
export async function authorizeUser(
  declaration: Declaration,
  request: IncomingMessage,
  query: QueryText,
  authenticator: Authenticator,
): Promise<Caller | undefined> {
  const token = accessToken(request, query);
  if (token === undefined) {
    if (declaration.auth === 'optional') return undefined;
    throw missingToken('An access token is required.');
  }
  const found = authenticator.authenticate(token, asserted(query));
  const caller = found instanceof Promise ? await found : found;
  checkCaller(declaration, caller);
  return caller;
}

function checkCaller(declaration: Declaration, caller: Caller): void {
  // "The server MUST reject guests' requests to endpoints that are not marked as accessible to guests."
  if (caller.isGuest && (declaration.auth === 'user' || declaration.auth === 'admin')) {
    throw guestAccessForbidden('Guests cannot use this endpoint.');
  }
  if (declaration.auth === 'admin' && !caller.isAdmin)
    throw forbidden('Only administrators of this server may do this.');
  if (caller.isLocked && !declaration.allowsLocked) throw userLocked('This account is locked.');
  if (caller.isSuspended && declaration.refusesSuspended) throw userSuspended('This account is suspended.');
}

/** The server that signed the request. Server-Server API, "Request Authentication". */
export async function authorizeServer(
  exchange: Exchange,
  content: JsonObject | undefined,
  authenticator: Authenticator,
): Promise<CallerOf['server']> {
  if (!authenticator.verifyServer) throw forbidden('Federation is disabled on this server.');
  const authorization = authorizationHeaders(exchange.request);
  if (authorization.length === 0) throw unauthorized('The request has no Authorization header.');
  const serverName = await authenticator.verifyServer({
    method: exchange.request.method ?? 'GET',
    target: exchange.target,
    authorization,
    content,
    contentText: exchange.bodyText,
  });
  return { serverName };
}
