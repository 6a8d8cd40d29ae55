#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=16
// The command line. The young generation is kept small: V8 would let it grow by 100 MiB under load.

import '../lib/fast-modules.js';

const { runCommandLine } = await import('./command-line.ts');
await runCommandLine(process.argv);
