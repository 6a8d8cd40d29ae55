// TLS certificates from files, loaded anew when the files change, so that renewal needs no restart.

import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { TlsMaterial } from './listen.ts';

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Reads and checks both files. Throws when a file is missing or certificate and key do not belong together. */
export async function readCertificate({ certificateFile, keyFile }: CertificateFiles): Promise<TlsMaterial> {
  const [cert, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)]);
  createSecureContext({ cert, key });
  return { cert, key };
}

const stamp = async (files: CertificateFiles): Promise<string> => {
  const both = await Promise.all([stat(files.certificateFile), stat(files.keyFile)]);
  return both.map(({ mtimeMs, size, ino }) => `${mtimeMs}/${size}/${ino}`).join(' ');
};

/** Looks every `intervalMs`; a broken pair of files is logged, and the old certificate stays in use. */
export async function watchCertificate(
  files: CertificateFiles,
  onChange: (tls: TlsMaterial) => void,
  { clock, log, intervalMs = 30_000 }: { clock: Clock; log: Log; intervalMs?: number },
): Promise<{ stop(): void }> {
  let seen = await stamp(files);
  let timer = clock.after(intervalMs, look);
  let isStopped = false;
  async function check(): Promise<void> {
    const now = await stamp(files);
    if (now === seen) return;
    onChange(await readCertificate(files));
    seen = now;
    log.info({ file: files.certificateFile }, 'The TLS certificate changed and was loaded anew.');
  }
  function look(): void {
    void check()
      .catch((err) => log.error({ err, ...files }, 'The TLS certificate changed but could not be loaded.'))
      .finally(() => {
        if (!isStopped) timer = clock.after(intervalMs, look);
      });
  }
  return {
    stop() {
      isStopped = true;
      timer.cancel();
    },
  };
}
