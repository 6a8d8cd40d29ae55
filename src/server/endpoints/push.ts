// Endpoints of push notifications, receipts, typing and presence.

import { getPresence, putPresence } from '../../api/client/presence/presence-status.ts';
import {
  deletePushRule,
  putPushRule,
  putPushRuleActions,
  putPushRuleEnabled,
} from '../../api/client/push/change-push-rules.ts';
import { getNotifications } from '../../api/client/push/get-notifications.ts';
import {
  getGlobalPushRules,
  getPushRule,
  getPushRuleActions,
  getPushRuleEnabled,
  getPushRules,
} from '../../api/client/push/get-push-rules.ts';
import { getPushers, setPusher } from '../../api/client/push/pushers.ts';
import { postReadMarkers } from '../../api/client/read-markers/post-read-markers.ts';
import { postReceipt } from '../../api/client/receipts/post-receipt.ts';
import { putTyping } from '../../api/client/typing/put-typing.ts';

export const pushEndpoints = [
  getPushRules,
  getGlobalPushRules,
  getPushRule,
  getPushRuleEnabled,
  getPushRuleActions,
  putPushRule,
  deletePushRule,
  putPushRuleEnabled,
  putPushRuleActions,
  getPushers,
  setPusher,
  getNotifications,
  postReceipt,
  postReadMarkers,
  putTyping,
  getPresence,
  putPresence,
];
