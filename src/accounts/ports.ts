// What accounts ask of parts above them.

import type { JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';

/** The claims of application services on user ids. */
export interface UserNamespaces {
  /** The id of the application service that claims this user id for itself alone. */
  exclusiveOwnerOf(userId: UserId): string | undefined;
  /** Whether the application service may speak as this user. */
  covers(appservice: string, userId: UserId): boolean;
}

/** "changes to these fields cause an automatic propagation event to occur": displayname and avatar_url. */
export interface ProfilePropagation {
  /** Renews the user's member events in the rooms they are joined to. Resolves once that is under way. */
  propagateProfile(user: number, userId: UserId): Promise<void>;
}

export interface RoomDepartures {
  /** Leaves every joined room, rejects every invite and takes back every knock. */
  leaveEverything(user: number, userId: UserId): Promise<void>;
}

export interface RoomOpenness {
  /** Those of `rooms` (nids) that anybody may join or read: join rule public or history world_readable. */
  openRooms(rooms: readonly number[]): Promise<ReadonlySet<number>>;
}

/** Profiles on other servers. Server-Server API, "GET /query/profile". */
export interface RemoteProfiles {
  /** All fields, or the one asked for. undefined: there is none. Throws MatrixError when their server does not answer. */
  queryProfile(userId: UserId, field: string | undefined): Promise<JsonObject | undefined>;
}

export interface AccountPorts
  extends UserNamespaces,
    ProfilePropagation,
    RoomDepartures,
    RoomOpenness,
    RemoteProfiles {}
