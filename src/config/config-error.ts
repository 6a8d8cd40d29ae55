// What is wrong with the configuration and what to do about it.

export interface ConfigProblem {
  /** The key's path, e.g. media.maxUploadSizeBytes. */
  readonly key: string;
  readonly message: string;
  /** Where it was given: a file with line, a variable or a flag. */
  readonly source: string;
}

export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ source, key, message }) => `${source}: ${key ? `${key}: ` : ''}${message}`).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
