#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=16
// The command line. Modules are compiled once and kept, so that later starts are fast. The young generation is kept small:
// V8 would let it grow by 100 MiB under load.

import { enableCompileCache } from 'node:module';

enableCompileCache();
const { runCommandLine } = await import('./command-line.ts');
await runCommandLine(process.argv);
