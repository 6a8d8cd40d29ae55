// How an endpoint is declared: one record with everything in sight. The router, the limiter,
// the coverage table and the request log read the same record.

import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Static, TSchema } from '../../lib/json-schema.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName, UserId } from '../../protocol/ids/branded.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';
export type Route = `${Method} /${string}`;

/** The user behind an access token. */
export interface Caller {
  readonly userId: UserId;
  /** The user's integer id in storage. */
  readonly user: number;
  readonly deviceId: string;
  /** The device's integer id in storage; never used again for another device. */
  readonly device: number;
  /** Integer id of the access token's session. */
  readonly session: number;
  readonly isGuest: boolean;
  readonly isAdmin: boolean;
  /** The application service's id when its token speaks for the user. */
  readonly appservice?: string;
  /** Exempt from the rate limiter (application services with rate_limited: false). */
  readonly isUnlimited?: boolean;
  /** Locked by an admin: only endpoints with `allowsLocked` answer (M_USER_LOCKED). */
  readonly isLocked?: boolean;
  /** Suspended by an admin: endpoints with `refusesSuspended` do not answer (M_USER_SUSPENDED). */
  readonly isSuspended?: boolean;
}

/** none: nobody asked. user: a registered user. guest: a user or a guest. optional: a user if a token was given. server: a signed federation request. */
export type Auth = 'none' | 'user' | 'guest' | 'optional' | 'server' | 'admin';

export interface CallerOf {
  none: undefined;
  user: Caller;
  guest: Caller;
  optional: Caller | undefined;
  server: { readonly serverName: ServerName };
  admin: Caller;
}

/** Buckets of the rate limiter; their rates are configuration. `none` is not limited. */
export type RateLimit =
  | 'none'
  | 'message'
  | 'join'
  | 'invite'
  | 'create'
  | 'login'
  | 'register'
  | 'read'
  | 'media'
  | 'account';

/** Parses one path or query parameter from its decoded text; throws MatrixError M_INVALID_PARAM. */
export type Parse<T> = (text: string, name: string) => T;
/** A query parameter: its parser sees undefined when the parameter is absent. */
export type ParseQuery<T> = (text: string | undefined, name: string, all: readonly string[]) => T;

export type Parsers = Readonly<Record<string, Parse<unknown>>>;
export type QueryParsers = Readonly<Record<string, ParseQuery<unknown>>>;
export type Parsed<P> = { readonly [K in keyof P]: P[K] extends (...args: never[]) => infer T ? T : never };

export interface Request<A extends Auth, P, Q, B> {
  readonly caller: CallerOf[A];
  readonly params: Parsed<P>;
  readonly query: Parsed<Q>;
  readonly body: B;
  /** The body's text as it was sent ('' where there is none), for signatures and lossless storage; not kept for `raw`. */
  readonly bodyText: string;
  readonly headers: IncomingHttpHeaders;
  /** Path and query as they were sent. Never log it: the query may hold an access token. */
  readonly target: string;
  /** The client's address, after trusted proxies. */
  readonly address: string;
  readonly requestId: string;
  /** Aborted when the client goes away or the server shuts down. */
  readonly signal: AbortSignal;
}

/** An answer other than "200 with this JSON object". */
export class Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable | AsyncIterable<string> | undefined;
  constructor(status: number, body: Answer['body'], headers: Record<string, string> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** A JSON text that was spliced from stored text, or a stream of its parts. */
export const jsonText = (text: string | AsyncIterable<string>, status = 200): Answer =>
  new Answer(status, text, { 'Content-Type': 'application/json' });

/**
 * A schema or `object`: the body is a JSON object (absent means {}); top-level nulls of optional keys count as absent.
 * `form`: application/x-www-form-urlencoded. `raw`: the handler reads the byte stream itself, bounded by bodySizeBytesMax.
 */
export type BodyKind = TSchema | 'none' | 'object' | 'form' | 'raw';
export type BodyOf<B> = B extends 'none'
  ? undefined
  : B extends 'object'
    ? JsonObject
    : B extends 'form'
      ? URLSearchParams
      : B extends 'raw'
        ? Readable
        : B extends TSchema
          ? Static<B>
          : never;

export interface EndpointDeclaration<
  A extends Auth,
  P extends Parsers,
  Q extends QueryParsers,
  B extends BodyKind,
  Parts,
> {
  /** A template: `{name}` is one whole segment, `{name*}` (last only) the rest of the path; params are percent-decoded. */
  readonly route: Route;
  /** Further routes of the same endpoint: older versions (r0), unstable prefixes, optional trailing parts. */
  readonly also?: readonly Route[];
  /** Anchor in the specification, or the proposal's number. */
  readonly spec: string;
  readonly auth: A;
  readonly limit: RateLimit;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Also for users locked by an admin (logout). */
  readonly allowsLocked?: true;
  /** Not for users suspended by an admin (sending, joining, profile changes, …). */
  readonly refusesSuspended?: true;
  /** Body size limit in bytes where it is not the configured default. */
  readonly bodySizeBytesMax?: number;
  handle(request: Request<A, P, Q, BodyOf<B>>, parts: Parts): Promise<object | Answer>;
}

/** An endpoint with its types forgotten but for the parts it needs. */
export interface Endpoint<Parts> {
  readonly declaration: Omit<EndpointDeclaration<Auth, Parsers, QueryParsers, BodyKind, never>, 'handle'>;
  handle(request: unknown, parts: Parts): Promise<object | Answer>;
}

export const endpoint = <
  Parts,
  A extends Auth,
  P extends Parsers = Record<never, never>,
  Q extends QueryParsers = Record<never, never>,
  B extends BodyKind = 'none',
>(
  declaration: EndpointDeclaration<A, P, Q, B, Parts>,
): Endpoint<Parts> => ({
  declaration: declaration as unknown as Endpoint<Parts>['declaration'],
  handle: (request, parts) => declaration.handle(request as Request<A, P, Q, BodyOf<B>>, parts),
});
