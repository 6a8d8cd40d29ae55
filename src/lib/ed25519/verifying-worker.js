// Where the thread that checks signatures begins.

import '../fast-modules.js';

await import('./verifying-loop.ts');
