// Endpoints of push notifications, receipts, typing and presence.

import { getPresence, putPresence } from '../../api/client/presence/presence-status.ts';
import { postReadMarkers } from '../../api/client/read-markers/post-read-markers.ts';
import { postReceipt } from '../../api/client/receipts/post-receipt.ts';
import { putTyping } from '../../api/client/typing/put-typing.ts';

export const pushEndpoints = [postReceipt, postReadMarkers, putTyping, getPresence, putPresence];
