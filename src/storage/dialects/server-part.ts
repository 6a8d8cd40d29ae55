// The server part of ids in SQL, as the index users_server has it. Appendices, "Common Identifier Format".

import type { Dialect } from '../database.ts';

/** "localpart and server name are separated by the first colon". */
export const serverPartSql: Readonly<Record<Dialect['engine'], (column: string) => string>> = {
  sqlite: (column) => `substr(${column}, instr(${column}, ':') + 1)`,
  postgres: (column) => `substr(${column}, strpos(${column}, ':') + 1)`,
};

export const serverPart = (dialect: Dialect, column: string): string => serverPartSql[dialect.engine](column);
