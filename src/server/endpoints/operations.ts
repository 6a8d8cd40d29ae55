// Endpoints for who operates the server.

import { explainEvent } from '../../api/admin/explain/explain-event.ts';
import { explainRoom } from '../../api/admin/explain/explain-room.ts';
import { sendNotice, sendNoticeToAll } from '../../api/admin/notices/send-notice.ts';

export const operationsEndpoints = [explainEvent, explainRoom, sendNotice, sendNoticeToAll];
