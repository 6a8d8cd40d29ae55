// The part `ephemeral`: receipts, typing and presence.

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import type { Stream } from '../stream/stream.ts';
import { createPresence, type Presence } from './presence.ts';
import { createReceipts, type Receipts } from './receipts.ts';
import { createTyping, type Typing } from './typing.ts';
import { createVersions } from './versions.ts';

export interface EphemeralDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: Stream;
  readonly config: { readonly presence: { readonly enabled: boolean } };
}

export interface Ephemeral extends AsyncDisposable {
  readonly receipts: Receipts;
  readonly typing: Typing;
  readonly presence: Presence;
  /** Of the latest change of typing or presence: for the sync token, to be read before the two are. */
  readonly version: number;
}

export const createEphemeral = ({ config, ...deps }: EphemeralDeps): Ephemeral => {
  const versions = createVersions(deps.clock);
  const presence = createPresence({ ...deps, versions, isEnabled: config.presence.enabled });
  return {
    receipts: createReceipts(deps),
    typing: createTyping({ ...deps, versions }),
    presence,
    get version() {
      return versions.latest;
    },
    [Symbol.asyncDispose]: () => presence.end(),
  };
};
