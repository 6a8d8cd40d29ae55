// kintsugi serve: runs the server until it is told to stop.

import { Command } from 'commander';
import { systemClock } from '../lib/clock.ts';
import { giveMemoryBackAtRest } from '../lib/rest.ts';
import { addConfigFlags, configFrom, type FlagValues } from './config-flags.ts';
import { explainFailure } from './explain-failure.ts';

/** SIGTERM and SIGINT end it with 0; a second signal ends it at once with 1. */
async function serve(values: FlagValues): Promise<void> {
  const { config, warnings } = configFrom(values);
  for (const { source, key, message } of warnings) {
    process.stderr.write(`Note: ${key ? `${key}: ` : ''}${message} (${source}).\n`);
  }
  // Loaded only here: help and checks need not wait for the whole server.
  const { startServer } = await import('../server/lifecycle.ts');
  const server = await startServer(config);
  using _rest = giveMemoryBackAtRest(systemClock);
  // Before anything tells that it runs: whoever reads that may end it at once.
  const signal = untilSignal();
  if (config.serverName === 'localhost') {
    const first = server.listeners[0];
    const url = first ? `http${first.isTls ? 's' : ''}://localhost:${first.port}/` : '';
    process.stderr.write(`Open ${url} in a browser for what to do next.\n`);
  }
  await signal;
  await server.stop();
}

async function untilSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      resolve();
      process.once(signal, () => process.exit(1));
    });
  }
  await promise;
}

export const serveCommand = (): Command =>
  addConfigFlags(new Command('serve').description('run the server')).action(async (values: FlagValues) => {
    try {
      await serve(values);
      process.exit(0);
    } catch (error) {
      process.stderr.write(explainFailure(error));
      process.exit(1);
    }
  });
