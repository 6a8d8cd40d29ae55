#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072 node --disable-warning=ExperimentalWarning --max-semi-space-size=16 --liftoff-only --no-short-builtin-calls
// The command line. Memory is kept small: V8 would let the young generation grow by 100 MiB under load, take 22 MiB to make the
// WebAssembly that reads other servers' answers faster, and hold its own code once more for each thread; malloc would keep a heap
// for each thread and what it was given back.

import '../lib/fast-modules.js';

const { runCommandLine } = await import('./command-line.ts');
await runCommandLine(process.argv);
