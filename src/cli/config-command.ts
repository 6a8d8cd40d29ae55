// kintsugi config: check the configuration, print what is in force.

import { Command } from 'commander';
import { printConfig } from '../config/print-config.ts';
import { addConfigFlags, configFrom, type FlagValues } from './config-flags.ts';

const check = new Command('check').description('find mistakes before a start does').action((values: FlagValues) => {
  const { warnings } = configFrom(values);
  for (const { source, key, message } of warnings) process.stdout.write(`Note: ${key}: ${message} (${source}).\n`);
  process.stdout.write('The configuration is good.\n');
});

const print = new Command('print')
  .description('the configuration in force, secrets hidden')
  .action((values: FlagValues) => {
    process.stdout.write(printConfig(configFrom(values).config));
  });

export const configCommand = (): Command =>
  new Command('config')
    .description('check or print the configuration')
    .addCommand(addConfigFlags(check))
    .addCommand(addConfigFlags(print));
