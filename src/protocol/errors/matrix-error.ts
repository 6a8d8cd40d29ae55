// The one error that reaches a caller: status, errcode and message, rendered once at the edge.
// Client-Server API, "Standard error response"; Server-Server API uses the same form.

import type { Json } from '../events/json.ts';

export interface MatrixErrorOptions {
  /** Further members of the response body, e.g. soft_logout. */
  readonly fields?: Readonly<Record<string, Json>>;
  /** Further response headers, e.g. Retry-After. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

export class MatrixError extends Error {
  readonly status: number;
  readonly errcode: string;
  readonly fields: Readonly<Record<string, Json>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, errcode: string, message: string, options: MatrixErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'MatrixError';
    this.status = status;
    this.errcode = errcode;
    this.fields = options.fields ?? {};
    this.headers = options.headers ?? {};
  }
}

const make =
  (status: number, errcode: string) =>
  (message: string, options?: MatrixErrorOptions): MatrixError =>
    new MatrixError(status, errcode, message, options);

export const forbidden = make(403, 'M_FORBIDDEN');
export const guestAccessForbidden = make(403, 'M_GUEST_ACCESS_FORBIDDEN');
export const notFound = make(404, 'M_NOT_FOUND');
export const unrecognized = make(404, 'M_UNRECOGNIZED');
export const methodNotAllowed = make(405, 'M_UNRECOGNIZED');
export const missingToken = make(401, 'M_MISSING_TOKEN');
export const unknownToken = (message: string, softLogout = false): MatrixError =>
  new MatrixError(401, 'M_UNKNOWN_TOKEN', message, { fields: { soft_logout: softLogout } });
export const unauthorized = make(401, 'M_UNAUTHORIZED');
export const badJson = make(400, 'M_BAD_JSON');
export const notJson = make(400, 'M_NOT_JSON');
export const missingParam = make(400, 'M_MISSING_PARAM');
export const invalidParam = make(400, 'M_INVALID_PARAM');
export const badState = make(400, 'M_BAD_STATE');
/** A change of membership that the user's membership does not allow, e.g. to unban who is not banned. */
export const badMembership = make(403, 'M_BAD_STATE');
export const cannotLeaveNoticeRoom = make(403, 'M_CANNOT_LEAVE_SERVER_NOTICE_ROOM');
export const inviteBlocked = make(403, 'M_INVITE_BLOCKED');
export const threepidDenied = make(403, 'M_THREEPID_DENIED');
export const unknownError = make(400, 'M_UNKNOWN');
export const userInUse = make(400, 'M_USER_IN_USE');
export const invalidUsername = make(400, 'M_INVALID_USERNAME');
export const exclusive = make(400, 'M_EXCLUSIVE');
export const roomInUse = make(400, 'M_ROOM_IN_USE');
export const invalidRoomState = make(400, 'M_INVALID_ROOM_STATE');
export const unsupportedRoomVersion = make(400, 'M_UNSUPPORTED_ROOM_VERSION');
export const incompatibleRoomVersion = (message: string, version: string): MatrixError =>
  new MatrixError(400, 'M_INCOMPATIBLE_ROOM_VERSION', message, { fields: { room_version: version } });
/** Restricted rooms: no condition can be checked here. */
export const unableToAuthoriseJoin = make(400, 'M_UNABLE_TO_AUTHORISE_JOIN');
/** Restricted rooms: a condition is met, but nobody here may let them in. */
export const unableToGrantJoin = make(400, 'M_UNABLE_TO_GRANT_JOIN');
export const badAlias = make(400, 'M_BAD_ALIAS');
export const duplicateAnnotation = make(400, 'M_DUPLICATE_ANNOTATION');
export const weakPassword = make(400, 'M_WEAK_PASSWORD');
export const userDeactivated = make(403, 'M_USER_DEACTIVATED');
/** The session stays: clients keep their keys and may log out. */
export const userLocked = (message: string): MatrixError =>
  new MatrixError(401, 'M_USER_LOCKED', message, { fields: { soft_logout: true } });
export const userSuspended = make(403, 'M_USER_SUSPENDED');
export const profileTooLarge = make(400, 'M_PROFILE_TOO_LARGE');
export const keyTooLarge = make(400, 'M_KEY_TOO_LARGE');
/** Account data of a type that the server manages. */
export const managedAccountData = make(405, 'M_BAD_JSON');
export const invalidSignature = make(400, 'M_INVALID_SIGNATURE');
/** Clients recognise this message, with the two keys in it, and report that their store and the server's differ. */
export const oneTimeKeyExists = (keyId: string, oldKey: string, newKey: string): MatrixError =>
  unknownError(`One time key ${keyId} already exists. Old key: ${oldKey}; new key: ${newKey}`);
export const tooLarge = make(413, 'M_TOO_LARGE');
export const wrongRoomKeysVersion = (message: string, currentVersion: string): MatrixError =>
  new MatrixError(403, 'M_WRONG_ROOM_KEYS_VERSION', message, { fields: { current_version: currentVersion } });
export const cannotOverwriteMedia = make(409, 'M_CANNOT_OVERWRITE_MEDIA');
export const notYetUploaded = make(504, 'M_NOT_YET_UPLOADED');
/** "The error response MUST have an info_uri field", for people. Since v1.18. */
export const userLimitExceeded = (message: string, infoUri: string): MatrixError =>
  new MatrixError(403, 'M_USER_LIMIT_EXCEEDED', message, { fields: { info_uri: infoUri } });
/** Another server that was asked on the client's behalf did not give what it should. */
export const remoteFailure = make(502, 'M_UNKNOWN');
/** The disk is full. */
/** Of a room: what was asked for is being fetched from other servers. */
export const notWholeYet = make(503, 'M_UNKNOWN');
export const insufficientStorage = make(507, 'M_UNKNOWN');
export const limitExceeded = (message: string, retryAfterMs: number): MatrixError =>
  new MatrixError(429, 'M_LIMIT_EXCEEDED', message, {
    fields: { retry_after_ms: retryAfterMs },
    headers: { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) },
  });
