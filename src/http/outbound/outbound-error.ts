// Why a request to elsewhere failed, and at which stage; whoever asked decides what that means.

import type { DialAttempt } from './dial.ts';

export type OutboundStage =
  /** The guard forbids the address, the scheme, or where a redirect leads. */
  | 'refused'
  | 'dns'
  | 'tcp'
  | 'tls'
  | 'timeout'
  /** The connection broke or what came is no HTTP. */
  | 'http'
  /** The answer is larger than allowed. */
  | 'size'
  /** Too many redirects. */
  | 'redirect'
  /** The caller's own signal. */
  | 'aborted';

export class OutboundError extends Error {
  readonly stage: OutboundStage;
  /** What became of each address, for `tcp` and for `tls`. */
  readonly attempts: readonly DialAttempt[];

  constructor(stage: OutboundStage, message: string, cause?: unknown, attempts: readonly DialAttempt[] = []) {
    super(message, { cause });
    this.name = 'OutboundError';
    this.stage = stage;
    this.attempts = attempts;
  }
}

const stageByCode: Readonly<Record<string, OutboundStage>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  ECONNREFUSED: 'tcp',
  EHOSTUNREACH: 'tcp',
  ENETUNREACH: 'tcp',
  EADDRNOTAVAIL: 'tcp',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  EPROTO: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
};

/** Happy eyeballs reports several attempts as one AggregateError: the last attempt tells. */
const codeOf = (error: Error): string => {
  const inner = error instanceof AggregateError ? (error.errors.at(-1) as Error | undefined) : undefined;
  return (inner as NodeJS.ErrnoException | undefined)?.code ?? (error as NodeJS.ErrnoException).code ?? '';
};

export function asOutboundError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  if (!(error instanceof Error)) return new OutboundError('http', String(error), error);
  if (error.cause instanceof OutboundError) return error.cause;
  const code = codeOf(error);
  const isTls = /^(ERR_TLS_|ERR_SSL_|CERT_)/.test(code);
  return new OutboundError(stageByCode[code] ?? (isTls ? 'tls' : 'http'), error.message || code, error);
}
