// Endpoints of syncing.

import { syncEndpoint } from '../../api/client/syncing/sync.ts';

export const syncEndpoints = [syncEndpoint];
