// Why the server does not start with this identity, and what the operator can do.

export class IdentityRefused extends Error {
  readonly remedy: string;

  constructor(why: string, remedy: string, cause?: unknown) {
    super(why, { cause });
    this.name = 'IdentityRefused';
    this.remedy = remedy;
  }
}
