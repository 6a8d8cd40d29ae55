// Tells SQL from other text in literals, for the rule that SQL stands only in src/storage.

// Whole statements, in any case: English text does not go on like them.
const statements: readonly RegExp[] = [
  /^select\s[\s\S]*\sfrom\s/i,
  /^insert\s+(or\s+\w+\s+)?into\s+\S+\s*(\(|select|values|default)/i,
  /^update\s+\S+\s+set\s+\S+\s*=/i,
  /^delete\s+from\s+\S+(\s+where\s|\s*$)/i,
  /^create\s+(unique\s+|virtual\s+|temp\s+)?(table|index|trigger|view)\s/i,
  /^(alter\s+table|drop\s+(table|index|trigger|view))\s/i,
];

// First words, shouted: the rest may be put together elsewhere.
const shouts: readonly RegExp[] = [
  /^(SELECT|INSERT (OR \w+ )?INTO|UPDATE \S+ SET|DELETE FROM|PRAGMA|TRUNCATE)\s/,
  /^WITH (RECURSIVE )?\w+ ?(\([^)]*\) )?AS\s/,
  /^(BEGIN|COMMIT|ROLLBACK|VACUUM|REINDEX)( |;|$)/,
  /^(LISTEN|NOTIFY) \w+/,
];

/** Whether a literal's text begins an SQL statement. A capitalised first word ("Select a room from …") begins a sentence. */
export const looksLikeSql = (text: string): boolean => {
  const trimmed = text.trimStart();
  if (!/^([a-z]+|[A-Z]+)\b/.test(trimmed)) return false;
  return [...statements, ...shouts].some((expression) => expression.test(trimmed));
};
