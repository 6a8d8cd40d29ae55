// docs/generated/coverage.md: every endpoint of the specification against the server's own declarations.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EndpointDeclaration } from '../../src/http/inbound/endpoint.ts';
import { projectRoot } from '../run-command.ts';

/** What the table needs of an endpoint's declaration. */
export type Declared = Pick<
  EndpointDeclaration<'none' | 'user' | 'guest' | 'optional' | 'server' | 'admin', never, never, never, never>,
  'route' | 'also' | 'auth'
>;

/** A row of docs/spec-data/endpoints.tsv. */
export interface SpecEndpoint {
  readonly api: string;
  readonly route: string;
  readonly auth: string;
  readonly guests: boolean;
  readonly interactive: boolean;
  readonly area: string;
  readonly summary: string;
}

/** The specification's endpoints, in the order of its table. */
export const readSpecEndpoints = (): SpecEndpoint[] => {
  const text = readFileSync(join(projectRoot, 'docs/spec-data/endpoints.tsv'), 'utf8');
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const names = header.split('\t');
  return lines.map((line) => {
    const cells = line.split('\t');
    const cell = (name: string): string => cells[names.indexOf(name)] ?? '';
    return {
      api: cell('api'),
      route: `${cell('method')} ${cell('path')}`,
      auth: cell('auth'),
      guests: cell('guest_ok') === 'yes',
      interactive: cell('uia') === 'yes',
      area: cell('area'),
      summary: cell('summary'),
    };
  });
};

/** A homeserver answers these; of the other APIs it is the client. */
const isServed = ({ api }: SpecEndpoint): boolean => api === 'client-server' || api === 'server-server';

/** A route without the names of its parameters, so that `{room}` and `{roomId}` are the same. */
const shapeOf = (route: string): string => route.replace(/\{[^}]*\}/g, '{}').replace(/\/$/, '');

const routesOf = ({ route, also }: Declared): string[] => [route, ...(also ?? [])];

const byRoute = (declared: readonly Declared[]): Map<string, Declared> =>
  new Map(declared.flatMap((each) => routesOf(each).map((route) => [shapeOf(route), each] as const)));

const authsAllowed = ({ auth, guests, interactive }: SpecEndpoint): readonly string[] | undefined => {
  const early = interactive ? ['optional'] : [];
  switch (auth) {
    case 'access_token':
      return guests ? ['guest', 'user', ...early] : ['user', 'admin', ...early];
    case 'optional_access_token':
      return ['optional', 'none'];
    case 'signed_server_request':
      return ['server'];
    case 'none':
      return ['none', 'optional'];
    default:
      return undefined;
  }
};

/** Endpoints that ask for other authentication than the specification: one line each. */
export const authDifferences = (spec: readonly SpecEndpoint[], declared: readonly Declared[]): string[] => {
  const implemented = byRoute(declared);
  return spec.filter(isServed).flatMap((endpoint) => {
    const own = implemented.get(shapeOf(endpoint.route));
    const allowed = authsAllowed(endpoint);
    if (!own || !allowed || allowed.includes(own.auth)) return [];
    return [`${endpoint.route}: asks for ${own.auth}, the specification for ${allowed.join(' or ')}`];
  });
};

const areaNumber = (area: string): number => Number(/^A(\d+)/.exec(area)?.[1] ?? 0);

/** Markdown: counts by area, every endpoint with its state, routes beyond the specification. */
export const renderCoverage = (spec: readonly SpecEndpoint[], declared: readonly Declared[]): string => {
  const implemented = byRoute(declared);
  const isThere = ({ route }: SpecEndpoint): boolean => implemented.has(shapeOf(route));
  const served = spec.filter(isServed);
  const areas = Map.groupBy(served, ({ area }) => area);
  const sorted = [...areas].sort(([a], [b]) => areaNumber(a) - areaNumber(b));
  const known = new Set(served.map(({ route }) => shapeOf(route)));
  const beyond = declared.flatMap(routesOf).filter((route) => !known.has(shapeOf(route)));
  return [
    '# Coverage of the specification',
    `Matrix v1.19: ${served.filter(isThere).length} of the ${served.length} endpoints that a homeserver answers.`,
    [
      '| area | implemented | of |',
      '| --- | ---: | ---: |',
      ...sorted.map(([area, rows]) => `| ${area} | ${rows.filter(isThere).length} | ${rows.length} |`),
    ].join('\n'),
    ...sorted.map(([area, rows]) =>
      [
        `## ${area}`,
        '',
        '| endpoint | state | purpose |',
        '| --- | --- | --- |',
        ...rows.map((row) => `| \`${row.route}\` | ${isThere(row) ? 'implemented' : '**missing**'} | ${row.summary} |`),
      ].join('\n'),
    ),
    '## Beyond the specification',
    'Older versions, proposals, optional trailing parts and pages of the server itself.',
    [...new Set(beyond)]
      .sort()
      .map((route) => `- \`${route}\``)
      .join('\n'),
    '## Called, not answered',
    'A homeserver is the client of application services, identity servers and push gateways; these are theirs to answer.',
    spec
      .filter((row) => !isServed(row))
      .map(({ route, api }) => `- \`${route}\` (${api})`)
      .join('\n'),
    '',
  ].join('\n\n');
};
