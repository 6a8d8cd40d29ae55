// A database as a process sees it that may be killed at any moment: from then on nothing it asked for is answered, and nothing
// it asks for is done.

import type { Commit, Database, ReadTx, Writer } from '../../src/storage/database.ts';

export interface MortalDatabase extends Database {
  kill(): void;
  /** The next write is done, but its process dies before it hears of it. */
  killAfterWrite(): void;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

export const mortalDatabase = (db: Database, headAtOpen: number): MortalDatabase => {
  let isDead = false;
  let diesAtWrite = false;
  const answered = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    return isDead ? never() : result;
  };
  return {
    dialect: db.dialect,
    headAtOpen,
    read: <T>(work: (tx: ReadTx) => Promise<T>) => (isDead ? never<T>() : answered(db.read(work))),
    write: <A, R>(writer: Writer<A, R>, args: A) => {
      if (isDead) return never<R>();
      const written = db.write(writer, args);
      if (diesAtWrite) isDead = true;
      return answered(written);
    },
    onCommit(listener: (commit: Commit) => void) {
      db.onCommit((commit) => {
        if (!isDead) listener(commit);
      });
    },
    kill() {
      isDead = true;
    },
    killAfterWrite() {
      diesAtWrite = true;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
};
