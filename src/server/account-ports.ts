// What accounts ask of the parts above them: here those parts are plugged in as they come.

import type { AccountPorts } from '../accounts/ports.ts';
import type { RemoteProfiles } from '../federation/remote/remote-profiles.ts';
import type { Membership } from '../membership/membership.ts';
import type { RoomDirectory } from '../rooms/directory/room-directory.ts';

/** Parts above accounts, asked for once all are made. */
export interface PartsAboveAccounts {
  readonly membership: Pick<Membership, 'propagateProfile' | 'leaveEverything'>;
  readonly roomDirectory: Pick<RoomDirectory, 'openRooms'>;
  readonly remote: Pick<RemoteProfiles, 'queryProfile'>;
}

/** Without them (on the command line) the server catches up at its next start. */
export const accountPorts = (above?: () => PartsAboveAccounts): AccountPorts => ({
  // Application services: none is registered, so none claims a user.
  exclusiveOwnerOf: () => undefined,
  covers: () => false,
  propagateProfile: async (user, userId) => above?.().membership.propagateProfile(user, userId),
  leaveEverything: async (user, userId) => above?.().membership.leaveEverything(user, userId),
  openRooms: async (rooms) => above?.().roomDirectory.openRooms(rooms) ?? new Set(),
  queryProfile: async (userId, field) => above?.().remote.queryProfile(userId, field),
});
