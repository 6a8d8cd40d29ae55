// Endpoints of syncing.

import { getEvents } from '../../api/client/syncing/get-events.ts';
import { getInitialSync } from '../../api/client/syncing/get-initial-sync.ts';
import { getOneEvent } from '../../api/client/syncing/get-one-event.ts';
import { syncEndpoint } from '../../api/client/syncing/sync.ts';

export const syncEndpoints = [syncEndpoint, getEvents, getOneEvent, getInitialSync];
