// Where the writer thread of SQLite begins.

import '../../lib/fast-modules.js';

await import('./writer-loop.ts');
