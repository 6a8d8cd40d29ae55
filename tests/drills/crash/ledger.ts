// What the clients of the crash drill asked for and what they were told: the truth that the server is held against.

export interface Asked {
  readonly roomId: string;
  /** Place in the order of everything that was asked and answered. */
  readonly sentAt: number;
}

export interface Answered {
  readonly eventId: string;
  readonly answeredAt: number;
}

export interface Message {
  readonly sender: number;
  readonly recipient: number;
}

/** One-time keys of one device. A key is `algorithm:id`. */
export interface KeyLedger {
  /** Uploads that were answered. */
  readonly uploaded: Set<string>;
  /** Uploads that may or may not have come to pass. */
  readonly doubtful: Set<string>;
  /** Keys that were handed out, in the order of the answers. */
  readonly claimed: string[];
  /** Claims without an answer, each of which may have used one key up. */
  claimsInDoubt: number;
}

/** A value that is overwritten again and again by one client. */
export interface LastValue {
  answered: string | undefined;
  pending: string | undefined;
}

export interface Ledger {
  /** Counts what was asked and answered. */
  tick(): number;
  /** Events by their mark, which stands in their content. */
  readonly asked: Map<string, Asked>;
  readonly answered: Map<string, Answered>;
  /** Marks answered since the last check took them. */
  readonly unchecked: string[];
  /** By `roomId stateKey` and `user type`. */
  readonly states: Map<string, LastValue>;
  readonly accountData: Map<string, LastValue>;
  /** Messages to devices by mark: all that were asked for, and those that were answered. */
  readonly messages: Map<string, Message>;
  readonly answeredMessages: Set<string>;
  /** By client. */
  readonly keys: Map<number, KeyLedger>;
  /** Identity key by `user device`. */
  readonly deviceKeys: Map<string, string>;
  /** SHA-256 by mxc URI; the URIs answered since the last check took them. */
  readonly media: Map<string, string>;
  readonly uncheckedMedia: string[];
  /** Answered requests of any kind. */
  answers: number;
  /** Whatever went wrong while clients were at work. */
  readonly problems: string[];
}

export const createLedger = (): Ledger => {
  let ticks = 0;
  return {
    tick: () => ++ticks,
    asked: new Map(),
    answered: new Map(),
    unchecked: [],
    states: new Map(),
    accountData: new Map(),
    messages: new Map(),
    answeredMessages: new Set(),
    keys: new Map(),
    deviceKeys: new Map(),
    media: new Map(),
    uncheckedMedia: [],
    answers: 0,
    problems: [],
  };
};

export const keysOf = (ledger: Ledger, client: number): KeyLedger => {
  const known = ledger.keys.get(client);
  if (known) return known;
  const fresh: KeyLedger = { uploaded: new Set(), doubtful: new Set(), claimed: [], claimsInDoubt: 0 };
  ledger.keys.set(client, fresh);
  return fresh;
};

export const lastValueOf = (values: Map<string, LastValue>, key: string): LastValue => {
  const known = values.get(key);
  if (known) return known;
  const fresh: LastValue = { answered: undefined, pending: undefined };
  values.set(key, fresh);
  return fresh;
};
