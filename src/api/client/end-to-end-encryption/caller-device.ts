// The device behind a request about keys.

import type { KeyOwner } from '../../../e2ee/key-owner.ts';
import type { Caller } from '../../../http/inbound/endpoint.ts';

export const callerDevice = ({ user, userId, deviceId, session }: Caller): KeyOwner => ({
  user,
  userId,
  deviceId,
  device: session,
});
