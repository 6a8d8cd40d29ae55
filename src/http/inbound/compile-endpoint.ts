// An endpoint prepared for serving: what can be decided once is decided here, not for each request.

import { invalidParam } from '../../protocol/errors/matrix-error.ts';
import { type CheckBody, checkBodyBy } from './check-body.ts';
import type { Endpoint, Parse, ParseQuery } from './endpoint.ts';
import type { QueryText } from './query-text.ts';
import type { RequestMetrics, RouteCount } from './request-metrics.ts';
import type { Match } from './router.ts';

export type BodyPlan = 'none' | 'json' | 'form' | 'raw';

export interface CompiledEndpoint<Parts> {
  readonly declaration: Endpoint<Parts>['declaration'];
  readonly handle: Endpoint<Parts>['handle'];
  readonly paramParsers: Readonly<Record<string, Parse<unknown>>>;
  readonly queryParsers: readonly (readonly [string, ParseQuery<unknown>])[];
  readonly bodyPlan: BodyPlan;
  readonly checkBody: CheckBody | undefined;
  readonly bodySizeBytesMax: number;
  readonly count: RouteCount;
}

export function compileEndpoint<Parts>(
  endpoint: Endpoint<Parts>,
  limits: { readonly bodySizeBytesMax: number; readonly federationBodySizeBytesMax: number },
  metrics: RequestMetrics,
): CompiledEndpoint<Parts> {
  const { declaration } = endpoint;
  const { body = 'none', route, also = [], params = {} } = declaration;
  for (const each of [route, ...also]) checkRoute(each, Object.keys(params), route === each);
  return {
    declaration,
    handle: endpoint.handle,
    paramParsers: params,
    queryParsers: Object.entries(declaration.query ?? {}),
    bodyPlan: typeof body === 'object' ? 'json' : body === 'object' ? 'json' : body,
    checkBody: typeof body === 'object' ? checkBodyBy(body) : undefined,
    bodySizeBytesMax:
      declaration.bodySizeBytesMax ??
      (declaration.auth === 'server' ? limits.federationBodySizeBytesMax : limits.bodySizeBytesMax),
    count: metrics.route(route),
  };
}

/** Each `{name}` has a parser; the main route names all of them, further routes may leave some out. */
function checkRoute(route: string, params: readonly string[], isMain: boolean): void {
  const names = [...route.matchAll(/\{(\w+)\*?\}/g)].map((match) => match[1] as string);
  const unknown = names.find((name) => !params.includes(name));
  if (unknown) throw new Error(`${route}: no parser for {${unknown}}`);
  const absent = isMain ? params.find((name) => !names.includes(name)) : undefined;
  if (absent) throw new Error(`${route}: the parameter ${absent} is not in the route`);
}

/** Parameters that this variant of the route does not have stay undefined. */
export function parseParams<Parts>(
  compiled: CompiledEndpoint<Parts>,
  match: Match<CompiledEndpoint<Parts>>,
): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (let i = 0; i < match.names.length; i++) {
    const name = match.names[i] as string;
    const text = match.texts[i] as string;
    if (text.includes('\0')) throw invalidParam(`${name} holds a NUL character.`);
    params[name] = compiled.paramParsers[name]?.(text, name);
  }
  return params;
}

export function parseQuery<Parts>(compiled: CompiledEndpoint<Parts>, query: QueryText): Record<string, unknown> {
  const parsed: Record<string, unknown> = {};
  for (const [name, parse] of compiled.queryParsers) parsed[name] = parse(query.get(name), name, query.all(name));
  return parsed;
}
