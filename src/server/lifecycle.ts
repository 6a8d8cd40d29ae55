// Starts a server, says when it is ready, and ends it in an orderly way.

import type { Config } from '../config/schema.ts';
import { type CertificateFiles, readCertificate, watchCertificate } from '../http/inbound/certificate.ts';
import { type Listener, listen, type TlsMaterial } from '../http/inbound/listen.ts';
import { parseHostPort } from '../lib/host-port.ts';
import { type Composed, compose } from './compose.ts';
import { openControlSocket } from './control-socket.ts';
import { StartRefused } from './start-refused.ts';

export interface RunningServer extends AsyncDisposable {
  readonly listeners: readonly Listener[];
  /** Stops accepting, ends long polls, waits for running requests, writes what is left, closes the database. Once. */
  stop(): Promise<void>;
}

const certificateFiles = ({ tls }: Config): CertificateFiles | undefined =>
  tls.certificateFile !== undefined && tls.keyFile !== undefined
    ? { certificateFile: tls.certificateFile, keyFile: tls.keyFile }
    : undefined;

async function loadTls(config: Config): Promise<TlsMaterial | undefined> {
  const files = certificateFiles(config);
  if (!files || config.listenTls.length === 0) return undefined;
  try {
    return await readCertificate(files);
  } catch (cause) {
    const { certificateFile, keyFile } = files;
    throw new StartRefused(
      `The TLS certificate cannot be used: ${(cause as Error).message}.`,
      `Check that ${certificateFile} and ${keyFile} are readable PEM files that belong together.`,
      cause,
    );
  }
}

async function openPort(composed: Composed, text: string, tls: TlsMaterial | undefined): Promise<Listener> {
  const { inbound, parts } = composed;
  const address = parseHostPort(text) ?? { host: text, port: 0 };
  try {
    return await listen(inbound, { ...address, limits: parts.config.limits, ...(tls ? { tls } : {}) });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const remedies: Record<string, string> = {
      EADDRINUSE: 'Another program uses this port; stop it, or choose another port with --listen.',
      EACCES: 'Ports below 1024 need special rights; choose a higher one with --listen.',
      EADDRNOTAVAIL: 'This machine does not have that address; choose another with --listen.',
    };
    const remedy = remedies[code ?? ''] ?? 'Choose another address with --listen.';
    throw new StartRefused(`Cannot listen on ${text}: ${message}.`, remedy, cause);
  }
}

/** Resolves when every port is open. Throws errors with a `remedy` when the server must not or cannot start. */
export async function startServer(config: Config): Promise<RunningServer> {
  await using stack = new AsyncDisposableStack();
  const tls = await loadTls(config);
  const composed = stack.use(await compose(config));
  const { parts, log, inbound } = composed;
  const listeners: Listener[] = [];
  stack.defer(async () => {
    composed.leave();
    inbound.drain();
    await Promise.all(listeners.map((listener) => listener.close(config.limits.shutdownGraceMs, parts.clock)));
  });
  for (const text of config.listen) listeners.push(await openPort(composed, text, undefined));
  for (const text of tls ? config.listenTls : []) listeners.push(await openPort(composed, text, tls));
  const files = certificateFiles(config);
  if (tls && files) {
    const replace = (changed: TlsMaterial): void => {
      for (const listener of listeners) listener.replaceTls(changed);
    };
    const watch = await watchCertificate(files, replace, { clock: parts.clock, log });
    stack.defer(() => watch.stop());
  }
  stack.use(await openControlSocket(parts));
  for (const { host, port, isTls } of listeners) {
    const shown = host.includes(':') ? `[${host}]` : host;
    log.info({ address: `${isTls ? 'https' : 'http'}://${shown}:${port}/` }, 'Listening.');
  }
  log.info({ serverName: config.serverName, dataDirectory: config.dataDirectory }, 'Kintsugi is ready.');
  const owned = stack.move();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= owned.disposeAsync().then(() => log.info({}, 'Kintsugi has stopped.'));
    return stopping;
  };
  return { listeners, stop, [Symbol.asyncDispose]: stop };
}
