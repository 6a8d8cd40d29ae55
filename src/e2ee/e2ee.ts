// End-to-end encryption as the server sees it: public keys, signatures upon them, encrypted backups and messages.

import type { Clock } from '../lib/clock.ts';
import type { Json } from '../protocol/events/json.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import { serverOf } from '../protocol/ids/id-parts.ts';
import type { Database, ReadTx } from '../storage/database.ts';
import { askServers, byServer, type Failures, failureOf } from './by-server.ts';
import { claimLocalKeys } from './claim-keys.ts';
import {
  type DeviceListChanges,
  type DeviceListQuestion,
  deviceListChangesSince,
  type RoomStates,
} from './device-list-changes.ts';
import { createKeyBackups } from './key-backups.ts';
import type { KeyOwner } from './key-owner.ts';
import type { ClaimedKeys, DevicesWanted, KeysWanted, RemoteKeys } from './ports.ts';
import { addOwnSignatures, type KeysOfUsers, noKeys, queryLocalKeys } from './query-keys.ts';
import { sendToDevice, type ToDeviceRequest } from './send-to-device.ts';
import {
  type CrossSigningKeys,
  type CrossSigningUploader,
  uploadCrossSigningKeys,
} from './upload-cross-signing-keys.ts';
import { type KeyUpload, uploadKeys } from './upload-keys.ts';
import { type SignatureFailures, type Signer, uploadSignatures } from './upload-signatures.ts';

export interface E2eeDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly states: RoomStates;
  /** undefined: this server does not federate. */
  readonly remote: RemoteKeys | undefined;
}

/** A server's answer counts only for the users it was asked about, who are its own. */
const copyUsers = <T>(asked: ReadonlyMap<UserId, unknown>, from: Record<string, T>, to: Record<string, T>): void => {
  for (const userId of asked.keys()) {
    const value = Object.hasOwn(from, userId) ? from[userId] : undefined;
    if (value !== undefined) to[userId] = value;
  }
};

export const createE2ee = (deps: E2eeDeps) => {
  const { db, clock, serverName, states, remote } = deps;
  return {
    backups: createKeyBackups(deps),

    /** As uploadKeys in upload-keys.ts. */
    uploadKeys: (owner: KeyOwner, upload: KeyUpload): Promise<Record<string, number>> => uploadKeys(db, owner, upload),

    /** Keys as the observer may see them; servers that do not answer within `timeoutMs` are in `failures`. */
    async queryKeys(
      observer: Signer,
      wanted: DevicesWanted,
      timeoutMs: number,
    ): Promise<KeysOfUsers & { failures: Failures }> {
      const users = byServer(wanted, serverName);
      const [local, { answers, failures }] = await Promise.all([
        queryLocalKeys(db, users.local, observer),
        askServers(users.remote, remote && ((server, some) => remote.query(server, some, timeoutMs))),
      ]);
      const others = noKeys();
      for (const { users: asked, answer } of answers) {
        const { keys, failure } = answer;
        copyUsers(asked, keys.device_keys, others.device_keys);
        copyUsers(asked, keys.master_keys, others.master_keys);
        copyUsers(asked, keys.self_signing_keys, others.self_signing_keys);
        const [first] = asked.keys();
        if (failure && first) failures[serverOf(first)] = failureOf(failure);
      }
      await addOwnSignatures(db, others, observer);
      Object.assign(local.device_keys, others.device_keys);
      Object.assign(local.master_keys, others.master_keys);
      Object.assign(local.self_signing_keys, others.self_signing_keys);
      return { ...local, failures };
    },

    /** Keys of this server's users as another server may see them. */
    queryKeysForServer: (wanted: DevicesWanted): Promise<KeysOfUsers> => queryLocalKeys(db, wanted, undefined),

    /** One key for each device, given to nobody else again unless it is a fallback key. */
    async claimKeys(
      wanted: KeysWanted,
      timeoutMs: number,
    ): Promise<{ one_time_keys: ClaimedKeys; failures: Failures }> {
      const users = byServer(wanted, serverName);
      const [local, { answers, failures }] = await Promise.all([
        claimLocalKeys(db, users.local),
        askServers(users.remote, remote && ((server, some) => remote.claim(server, some, timeoutMs))),
      ]);
      for (const { users: asked, answer } of answers) copyUsers(asked, answer, local);
      return { one_time_keys: local, failures };
    },

    /** Of this server's devices only, for another server. */
    claimKeysForServer: (wanted: KeysWanted): Promise<ClaimedKeys> => claimLocalKeys(db, wanted),

    /** As uploadCrossSigningKeys in upload-cross-signing-keys.ts. */
    uploadCrossSigningKeys: (
      uploader: CrossSigningUploader,
      keys: CrossSigningKeys,
    ): Promise<'stored' | 'unauthenticated'> => uploadCrossSigningKeys(db, uploader, keys),

    /** As uploadSignatures in upload-signatures.ts. */
    uploadSignatures: (
      signer: Signer,
      signed: Readonly<Record<string, Readonly<Record<string, Json>>>>,
    ): Promise<SignatureFailures> => uploadSignatures(db, signer, signed),

    /** As sendToDevice in send-to-device.ts. */
    sendToDevice: (sender: KeyOwner, request: ToDeviceRequest): Promise<void> =>
      sendToDevice(deps, sender, request, clock.now()),

    /** For /sync, inside its snapshot; as deviceListChangesSince in device-list-changes.ts. */
    deviceListChangesSince: (tx: ReadTx, question: DeviceListQuestion): Promise<DeviceListChanges> =>
      deviceListChangesSince(states, tx, question),

    /** For /keys/changes, in a snapshot of its own. */
    deviceListChanges: (user: number, since: number, until: number): Promise<DeviceListChanges> =>
      db.read((tx) => deviceListChangesSince(states, tx, { user, since, until })),
  };
};

export type E2ee = ReturnType<typeof createE2ee>;
