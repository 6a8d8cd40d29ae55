// Words of messages, names and topics, for search.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 8,
  name: 'search',
  statements: [
    // rowid: the event's position. words: the folded words of its text, and words for its room, sender and kind.
    {
      sqlite: `CREATE VIRTUAL TABLE search_words
        USING fts5(words, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii')`,
      postgres: 'CREATE TABLE search_words (rowid BIGINT PRIMARY KEY, words TEXT[] NOT NULL)',
    },
    {
      // The table is its own index.
      sqlite: 'SELECT 1',
      postgres: 'CREATE INDEX search_words_words ON search_words USING GIN (words)',
    },
  ],
};
