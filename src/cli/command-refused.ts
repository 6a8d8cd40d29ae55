// A command that cannot do what it was asked, with the operator's way out.

export class CommandRefused extends Error {
  readonly remedy: string;

  constructor(why: string, remedy: string) {
    super(why);
    this.name = 'CommandRefused';
    this.remedy = remedy;
  }
}
