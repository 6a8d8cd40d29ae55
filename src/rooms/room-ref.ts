// A room by all its names: what nearly every function about a room needs to know of it.

import type { RoomId } from '../protocol/ids/branded.ts';
import type { RoomVersion } from '../protocol/room-versions/room-version.ts';

export interface RoomRef {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: RoomVersion;
}
