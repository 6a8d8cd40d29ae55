// Query parameters and transaction ids of requests that send events.

import { hash } from 'node:crypto';
import type { Caller, ParseQuery } from '../../../http/inbound/endpoint.ts';
import { optionalInt, text } from '../../../http/inbound/params.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import type { Transaction } from '../../../rooms/send/draft.ts';

const TXN_ID_LENGTH_MAX = 512;

/** Sending at once what was to be sent later would do harm (a leave event of a call, MSC4140), so it is refused. */
const noDelay: ParseQuery<undefined> = (value) => {
  if (value !== undefined) throw invalidParam('Delayed events are not available on this server.');
  return undefined;
};

export const sendQuery = {
  ts: optionalInt({ min: 0 }),
  'org.matrix.msc4140.delay': noDelay,
  'org.matrix.msc4140.parent_delay_id': noDelay,
};

/** Application Service API, "Timestamp massaging": only they may say when an event was sent. */
export const timestampOf = (caller: Caller, ts: number | undefined): number | undefined =>
  caller.appservice === undefined ? undefined : ts;

export const txnIdParam = (value: string | undefined, name: string): string => {
  const txnId = text(value, name);
  if (txnId.length > TXN_ID_LENGTH_MAX) throw invalidParam(`${name} is longer than ${TXN_ID_LENGTH_MAX} characters.`);
  return txnId;
};

/** 72 bits: two paths of one device do not meet in them. */
const DIGEST_LENGTH = 12;

/** `path`: the endpoint's path up to the id. The users of an application service may share a device. */
export const transactionOf = (caller: Caller, path: string, txnId: string): Transaction => {
  const scope = caller.appservice === undefined ? path : `${caller.userId}/${path}`;
  return { device: caller.device, scope: hash('sha256', scope, 'base64url').slice(0, DIGEST_LENGTH), txnId };
};
