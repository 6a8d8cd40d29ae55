// What end-to-end encryption asks of parts above it.

import type { JsonObject } from '../protocol/events/json.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import type { KeysOfUsers } from './query-keys.ts';

/** Device ids by user; none means all devices. */
export type DevicesWanted = ReadonlyMap<UserId, readonly string[]>;
/** Algorithm by device id by user. */
export type KeysWanted = ReadonlyMap<UserId, ReadonlyMap<string, string>>;
/** User id to device id to `<algorithm>:<key id>` to key. */
export type ClaimedKeys = Record<string, Record<string, JsonObject>>;

/** Keys of another server's users; with the reason where some of them could not be had. */
export interface QueriedKeys {
  readonly keys: KeysOfUsers;
  readonly failure?: Error;
}

/** Keys of other servers' users. */
export interface RemoteKeys {
  query(server: ServerName, wanted: DevicesWanted, timeoutMs: number): Promise<QueriedKeys>;
  /** Rejects when the server cannot be reached in time. */
  claim(server: ServerName, wanted: KeysWanted, timeoutMs: number): Promise<ClaimedKeys>;
}
