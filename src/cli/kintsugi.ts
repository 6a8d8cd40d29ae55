#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// The command line. Modules are compiled once and kept, so that later starts are fast.

import { enableCompileCache } from 'node:module';

enableCompileCache();
const { runCommandLine } = await import('./command-line.ts');
await runCommandLine(process.argv);
