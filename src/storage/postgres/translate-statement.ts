// Statements are written with `?`; PostgreSQL wants $1, $2 and, to prepare a statement once per connection, a name.

export interface TranslatedStatement {
  readonly text: string;
  /** Undefined when too many statements are known already: then PostgreSQL parses it each time. */
  readonly name: string | undefined;
}

const NAMED_MAX = 2_000;

// Texts, quoted names and comments are skipped, so that a question mark in them stays.
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\?/g;

const translated = new Map<string, TranslatedStatement>();

export const numberPlaceholders = (sql: string): string => {
  let count = 0;
  return sql.replace(token, (found) => {
    if (found !== '?') return found;
    count += 1;
    return `$${count}`;
  });
};

export const translateStatement = (sql: string): TranslatedStatement => {
  const known = translated.get(sql);
  if (known !== undefined) return known;
  const isNamed = translated.size < NAMED_MAX;
  const statement = { text: numberPlaceholders(sql), name: isNamed ? `kintsugi_${translated.size + 1}` : undefined };
  if (isNamed) translated.set(sql, statement);
  return statement;
};
