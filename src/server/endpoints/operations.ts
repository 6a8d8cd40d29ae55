// Endpoints for who operates the server.

import { explainEvent } from '../../api/admin/explain/explain-event.ts';
import { explainRoom } from '../../api/admin/explain/explain-room.ts';

export const operationsEndpoints = [explainEvent, explainRoom];
