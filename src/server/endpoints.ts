// Every endpoint of the server, by area. What is not listed here is not answered.

import { getVersions } from '../api/client/versions.ts';
import { getHealth } from '../api/web/health.ts';
import { getLandingPage } from '../api/web/landing-page.ts';
import { getMetrics } from '../api/web/metrics.ts';
import { getReadiness } from '../api/web/readiness.ts';
import { getWellKnownClient } from '../api/well-known/client.ts';
import { getWellKnownServer } from '../api/well-known/server.ts';
import { getWellKnownSupport } from '../api/well-known/support.ts';
import type { Endpoint } from '../http/inbound/endpoint.ts';
import type { AllParts } from './all-parts.ts';
import { accountEndpoints } from './endpoints/accounts.ts';
import { e2eeEndpoints } from './endpoints/e2ee.ts';
import { federationEndpoints } from './endpoints/federation.ts';
import { mediaEndpoints } from './endpoints/media.ts';
import { operationsEndpoints } from './endpoints/operations.ts';
import { pushEndpoints } from './endpoints/push.ts';
import { roomsReadEndpoints } from './endpoints/rooms-read.ts';
import { roomsWriteEndpoints } from './endpoints/rooms-write.ts';
import { syncEndpoints } from './endpoints/sync.ts';

const web = [getLandingPage, getHealth, getReadiness, getMetrics];
const wellKnown = [getWellKnownClient, getWellKnownServer, getWellKnownSupport];
const basics = [getVersions];

export const endpoints: readonly Endpoint<AllParts>[] = [
  ...web,
  ...wellKnown,
  ...basics,
  ...accountEndpoints,
  ...e2eeEndpoints,
  ...federationEndpoints,
  ...mediaEndpoints,
  ...operationsEndpoints,
  ...pushEndpoints,
  ...roomsReadEndpoints,
  ...roomsWriteEndpoints,
  ...syncEndpoints,
];
