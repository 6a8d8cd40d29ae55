// A disk that is full is told to clients as that; every other failure stays what it is.

import { insufficientStorage } from '../protocol/errors/matrix-error.ts';

const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The error to throw for what the file system threw. */
export const storageTrouble = (error: unknown): unknown =>
  full.has((error as NodeJS.ErrnoException | undefined)?.code ?? '')
    ? insufficientStorage('The server has no room left for this file.', { cause: error })
    : error;
