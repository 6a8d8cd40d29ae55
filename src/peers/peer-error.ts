// Why something asked of another server failed: which server, at which stage, and whether the server as a whole is to blame.

import type { ServerName } from '../protocol/ids/branded.ts';

/** How far it came: finding the server, reaching it, trusting it, being answered, being believed, being served. */
export type PeerStage = 'dns' | 'tcp' | 'tls' | 'http' | 'signature' | 'application';

export interface PeerErrorOptions {
  /** The HTTP status of the answer. */
  readonly status?: number;
  /** Of the answer's standard error body. */
  readonly errcode?: string;
  /** Its `error`, shortened. */
  readonly said?: string;
  /** What a 429 asked for. */
  readonly retryAfterMs?: number;
  /** The server as a whole cannot be used now; false: it answered, or the failure is of this request only. */
  readonly isDown?: boolean;
  /** It said that it is gone for good. */
  readonly isGone?: boolean;
  /** Nothing was sent: the server is left alone until then, as its last failure was this. null: for good. */
  readonly leftAloneUntilTs?: number | null;
  readonly cause?: unknown;
}

export class PeerError extends Error {
  readonly destination: ServerName;
  readonly stage: PeerStage;
  readonly status: number | undefined;
  readonly errcode: string | undefined;
  readonly said: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly isDown: boolean;
  readonly isGone: boolean;
  readonly leftAloneUntilTs: number | null | undefined;

  constructor(destination: ServerName, stage: PeerStage, reason: string, options: PeerErrorOptions = {}) {
    super(reason, { cause: options.cause });
    this.name = 'PeerError';
    this.destination = destination;
    this.stage = stage;
    this.status = options.status;
    this.errcode = options.errcode;
    this.said = options.said;
    this.retryAfterMs = options.retryAfterMs;
    this.isDown = options.isDown ?? false;
    this.isGone = options.isGone ?? false;
    this.leftAloneUntilTs = options.leftAloneUntilTs;
  }
}
