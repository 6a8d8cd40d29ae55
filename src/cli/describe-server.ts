// Other servers in words, for the federation commands.

import type {
  BehindView,
  DestinationView,
  KeyConflictView,
  KeyView,
  RouteView,
  ServerView,
} from '../peers/destinations/views.ts';

const time = (ts: number | null): string => (ts === null ? 'never' : new Date(ts).toISOString());

/** Columns with tabs between them. */
export const lineOf = (view: DestinationView): string => {
  const { destination, state, stage, reason, failure_ts, next_retry_ts } = view;
  if (state === 'well') return [destination, state, `last answer ${time(view.last_success_ts)}`].join('\t');
  const next = next_retry_ts === null ? 'never tried again' : `next try ${time(next_retry_ts)}`;
  return [destination, state, stage, `since ${time(failure_ts)}`, next, reason].join('\t');
};

const describeRoute = (route: RouteView | null): string[] => {
  if (route === null) return ['Route: not looked for, since no server runs here'];
  if ('reason' in route) return [`Route: none (${route.stage}: ${route.reason})`];
  return [
    `Route: Host ${route.host_header}, certificate for ${route.tls_name}`,
    ...route.steps.map((step) => `  ${step}`),
    ...route.targets.flatMap(({ host, port, last_connected_ts, attempts }) => [
      `  ${host} port ${port}, last connected ${time(last_connected_ts)}`,
      ...attempts.map(({ family, address, outcome }) => `    IPv${family} ${address}: ${outcome}`),
    ]),
  ];
};

const describeKey = ({ key_id, key, valid_until_ts, expired_ts }: KeyView): string =>
  `  ${key_id} ${key}, ${expired_ts === null ? `valid until ${time(valid_until_ts)}` : `expired ${time(expired_ts)}`}`;

const describeConflict = ({ key_id, refused_key, source, times, last_seen_ts }: KeyConflictView): string =>
  `  REFUSED ${key_id} ${refused_key}, told by ${source}, ${times} times, last ${time(last_seen_ts)}`;

const describeBehind = (behind: BehindView | null): string => {
  if (behind === null) return 'Waiting for it: nothing';
  const { events, has_more } = behind;
  return `Waiting for it: ${has_more ? `more than ${events}` : `up to ${events}`} events`;
};

export const describeServer = (view: ServerView): string[] => [
  ...lineOf(view).split('\t'),
  `Last answer: ${time(view.last_success_ts)}`,
  `Last heard from: ${time(view.last_heard_ts)}`,
  describeBehind(view.behind),
  ...describeRoute(view.route),
  view.keys.length === 0 ? 'Keys: none known' : 'Keys:',
  ...view.keys.map(describeKey),
  ...(view.key_trouble === null ? [] : [`  The last fetch failed: ${view.key_trouble}`]),
  ...view.key_conflicts.map(describeConflict),
];
