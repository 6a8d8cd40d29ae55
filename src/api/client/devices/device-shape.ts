// A device as clients see it. Client-Server API, "Device Management".

import type { Device } from '../../../accounts/devices.ts';

export const deviceShape = ({ deviceId, displayName, lastSeenTs, lastSeenAddress }: Device) => ({
  device_id: deviceId,
  ...(displayName !== null && { display_name: displayName }),
  ...(lastSeenTs !== null && { last_seen_ts: lastSeenTs }),
  ...(lastSeenAddress !== null && { last_seen_ip: lastSeenAddress }),
});
