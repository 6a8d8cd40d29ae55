// The device on whose behalf a request about keys is made.

import type { UserId } from '../protocol/ids/branded.ts';

export interface KeyOwner {
  readonly userId: UserId;
  /** The user's nid. */
  readonly user: number;
  readonly deviceId: string;
  /** The device's nid. */
  readonly device: number;
}
