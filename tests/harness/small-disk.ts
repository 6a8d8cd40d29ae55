// A file system of its own, small enough to fill and free to be made read-only: a tmpfs in a mount namespace that one process holds.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk extends AsyncDisposable {
  /** Its root, for the test. Not for SQLite, which takes the link in this path for one to the real root. */
  readonly path: string;
  /** For a server on it: its root as a data directory, and the program that leads into its namespace. */
  readonly server: { readonly directory: string; readonly runBy: readonly string[] };
  /** Leaves this many bytes free. */
  fill(leaveBytes: number): Promise<void>;
  /** Takes back what `fill` took. */
  free(): Promise<void>;
  makeReadOnly(isReadOnly: boolean): void;
}

const BLOCK_BYTES = 4096;
const NEED = 'These tests mount a file system: run them as root, or allow user namespaces (unshare --user --mount).';

/** Root may lack the right to mount, others may have it in a user namespace: what works first is taken. */
const namespaces: readonly (readonly string[])[] = [['--mount'], ['--user', '--map-root-user', '--mount']];

const hold = async (
  unshare: readonly string[],
  folder: string,
  sizeBytes: number,
): Promise<ChildProcess | undefined> => {
  const script = 'mount -t tmpfs -o "size=$1,mode=0700" kintsugi-small "$2" && echo mounted && exec sleep 86400';
  const child = spawn('unshare', [...unshare, 'sh', '-c', script, 'sh', String(sizeBytes), folder], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const mounted = once(child.stdout, 'data').then(() => true);
  const failed = once(child, 'close').then(() => false);
  // A program that is not there is told by an error alone.
  child.once('error', () => child.emit('close'));
  return (await Promise.race([mounted, failed])) ? child : undefined;
};

export const openSmallDisk = async (sizeBytes: number): Promise<SmallDisk> => {
  const folder = await mkdtemp(join(tmpdir(), 'kintsugi-disk-'));
  for (const unshare of namespaces) {
    const holder = await hold(unshare, folder, sizeBytes);
    if (holder === undefined) continue;
    const path = `/proc/${holder.pid}/root${folder}`;
    const ballast = join(path, 'ballast');
    const flags = unshare.map((flag) => (flag === '--map-root-user' ? '--preserve-credentials' : flag));
    const enter = ['--target', String(holder.pid), ...flags];
    return {
      path,
      server: { directory: folder, runBy: ['nsenter', ...enter] },
      async fill(leaveBytes) {
        const { bavail, bsize } = await statfs(path);
        await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes - BLOCK_BYTES)), { flag: 'a' });
      },
      free: () => rm(ballast, { force: true }),
      makeReadOnly(isReadOnly) {
        execFileSync('nsenter', [...enter, 'mount', '-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, folder]);
      },
      async [Symbol.asyncDispose]() {
        holder.kill('SIGKILL');
        await once(holder, 'close');
        await rmdir(folder);
      },
    };
  }
  await rmdir(folder);
  throw new Error(NEED);
};
