// A number that a double would change or that is written as a float, kept as its source text.
// Room versions 1 to 5 allow such numbers in events; appendices, "Canonical JSON".

/**
 * Stands in a parsed value where JSON had a float, or an integer outside ±(2^53-1). Only parseJsonLossless makes them, and
 * the type Json does not show them: code that reads numbers of events in versions 1 to 5 asks isRawNumber.
 */
export class RawNumber {
  /** As it stood in the JSON text. */
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  /** The nearest double; infinite when the number is out of its range. */
  get value(): number {
    return Number(this.source);
  }

  /** Written by JSON.stringify as it was read. */
  toJSON(): unknown {
    return rawJson(this.source);
  }
}

export const isRawNumber = (value: unknown): value is RawNumber => value instanceof RawNumber;

const { rawJSON: rawJson } = JSON as unknown as { rawJSON: (source: string) => unknown };
