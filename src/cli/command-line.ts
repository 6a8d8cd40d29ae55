// Puts the commands together and turns their failures into a cause, a remedy and an exit code.

import { Command } from 'commander';
import { configCommand } from './config-command.ts';
import { explainCommand } from './explain-command.ts';
import { explainFailure } from './explain-failure.ts';
import { federationCommand } from './federation-command.ts';
import { serveCommand } from './serve-command.ts';
import { userCommand } from './user-command.ts';
import { versionCommand } from './version-command.ts';

const examples = `
Examples:
  $ kintsugi serve                                  try it out: http://localhost:8008, data in ./data
  $ kintsugi serve --config kintsugi.yaml           run with a configuration file
  $ kintsugi serve --server-name example.org \\
      --listen-tls :443 --tls-cert cert.pem --tls-key key.pem
  $ kintsugi config check --config kintsugi.yaml    find mistakes before a start does
  $ kintsugi config print                           what is in force, secrets hidden
  $ kintsugi user create alice --admin              an administrator, with a password made up and printed
  $ kintsugi federation list --state failing        which other servers cannot be reached, and why
  $ kintsugi explain '$eventId'                     why an event was accepted or not

Every configuration key can also be given as an environment variable: rooms.defaultVersion is
KINTSUGI_ROOMS_DEFAULT_VERSION. Flags win over variables, variables over the file.`;

/** Exit codes: 0 done, 1 failed or refused, 2 wrong usage. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const program = new Command('kintsugi')
    .description('A Matrix homeserver for the people who operate homeservers.')
    .addHelpText('after', examples)
    .showHelpAfterError('(kintsugi --help shows examples)')
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    });
  program.addCommand(serveCommand());
  program.addCommand(configCommand());
  program.addCommand(userCommand());
  program.addCommand(federationCommand());
  program.addCommand(explainCommand());
  program.addCommand(versionCommand());
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(argv as string[]);
  } catch (error) {
    process.stderr.write(explainFailure(error));
    process.exitCode = 1;
  }
}
