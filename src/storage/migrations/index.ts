// The numbered list of migrations for both engines, oldest first.

import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = [];
