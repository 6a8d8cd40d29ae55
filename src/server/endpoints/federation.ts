// Endpoints that other servers call, and those by which administrators look at other servers.

import { acceptKey, listKeyConflicts } from '../../api/admin/federation/key-conflicts.ts';
import { listDestinations } from '../../api/admin/federation/list-destinations.ts';
import { retryAllDestinations, retryDestination } from '../../api/admin/federation/retry-destination.ts';
import { showDestination } from '../../api/admin/federation/show-destination.ts';
import { getServerKeys, getServerKeysById } from '../../api/federation/keys/get-server-keys.ts';
import {
  queryManyServerKeys,
  queryServerKeyById,
  queryServerKeys,
} from '../../api/federation/keys/query-server-keys.ts';
import { getFederationVersion } from '../../api/federation/version/get-version.ts';

const keys = [getServerKeys, getServerKeysById, queryServerKeys, queryServerKeyById, queryManyServerKeys];

export const federationAdminEndpoints = [
  listDestinations,
  showDestination,
  retryDestination,
  retryAllDestinations,
  listKeyConflicts,
  acceptKey,
];

export const federationEndpoints = [getFederationVersion, ...keys, ...federationAdminEndpoints];
