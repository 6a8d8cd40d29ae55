// Where the writer thread of SQLite begins. Modules compiled once are kept, as in the main thread.

import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./writer-loop.ts');
