// What accounts ask of the parts above them: here those parts are plugged in as they come.

import type { AccountPorts } from '../accounts/ports.ts';

export const accountPorts = (): AccountPorts => ({
  // Application services: none is registered, so none claims a user.
  exclusiveOwnerOf: () => undefined,
  covers: () => false,
  // Membership: member events keep the profile they were sent with, and rooms their deactivated members.
  propagateProfile: async () => {},
  leaveEverything: async () => {},
  // Rooms: only published rooms make their members visible to strangers.
  openRooms: async () => new Set(),
  // Federation: profiles of other servers' users are not known.
  queryProfile: async () => undefined,
});
