import { defineConfig } from 'vitest/config';

const postgres = ['tests/harness/postgres-setup.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,scripts,bench}/**/*.test.ts', 'tests/{harness,vectors,conformance}/**/*.test.ts'],
          pool: 'threads',
          // Modules keep no state, so test files can share what is loaded: half of the time.
          isolate: false,
          maxWorkers: 2,
          // For machines under load. An endless loop is ended by the script that runs the suite.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'contract',
          include: ['tests/contract/**/*.test.ts'],
          globalSetup: postgres,
          maxWorkers: 2,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'journeys',
          include: ['tests/{journeys,properties}/**/*.test.ts'],
          globalSetup: postgres,
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          // With limits of time and memory: one file after the other.
          name: 'system',
          include: ['tests/{drills,hostile,spec,simulation}/**/*.test.ts'],
          globalSetup: postgres,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          // With real Synapse servers: minutes.
          name: 'interop',
          include: ['tests/interop/**/*.test.ts'],
          globalSetup: postgres,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
