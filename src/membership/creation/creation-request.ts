// What a client asks of a new room. Client-Server API, "POST /createRoom".

import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';

export type Preset = 'private_chat' | 'trusted_private_chat' | 'public_chat';

export interface InitialState {
  readonly type: string;
  readonly stateKey: string;
  readonly content: JsonObject;
}

export interface CreationRequest {
  readonly isPublic: boolean;
  /** undefined: by `isPublic`. */
  readonly preset?: Preset | undefined;
  /** The local part of the room's alias. */
  readonly aliasName?: string | undefined;
  readonly name?: string | undefined;
  readonly topic?: string | undefined;
  readonly invite: readonly UserId[];
  readonly isDirect: boolean;
  /** undefined: the server's default. */
  readonly roomVersion?: string | undefined;
  readonly creationContent: JsonObject;
  readonly initialState: readonly InitialState[];
  readonly powerLevels: JsonObject;
}

/** "If unspecified, the server should use the visibility to determine which preset to use." */
export const presetOf = ({ preset, isPublic }: CreationRequest): Preset =>
  preset ?? (isPublic ? 'public_chat' : 'private_chat');
