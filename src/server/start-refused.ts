// A start that cannot be, with the operator's way out.

export class StartRefused extends Error {
  readonly remedy: string;

  constructor(why: string, remedy: string, cause?: unknown) {
    super(why, { cause });
    this.name = 'StartRefused';
    this.remedy = remedy;
  }
}
