// JSON put together from texts that are JSON already.

/** An array of JSON texts. */
export const arrayText = (texts: readonly string[]): string => `[${texts.join(',')}]`;

/** An object whose values are JSON texts; undefined ones are left out. */
export const objectText = (members: Readonly<Record<string, string | undefined>>): string => {
  const texts: string[] = [];
  for (const [name, text] of Object.entries(members)) {
    if (text !== undefined) texts.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${texts.join(',')}}`;
};

/** A string as JSON text, where there is one. */
export const stringText = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : JSON.stringify(value);
