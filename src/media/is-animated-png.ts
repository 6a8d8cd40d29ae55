// Tells animated PNGs from still ones by their chunks: an acTL chunk before the first IDAT.

import type { FileHandle } from 'node:fs/promises';

const SIGNATURE_SIZE_BYTES = 8;
/** Length and type before, checksum after the data. */
const CHUNK_FRAME_SIZE_BYTES = 12;
/** Files with more chunks before their image are taken for animated: nobody shows them as they are. */
const CHUNKS_MAX = 100;

export async function isAnimatedPng(file: FileHandle): Promise<boolean> {
  const head = Buffer.alloc(8);
  let at = SIGNATURE_SIZE_BYTES;
  for (let chunk = 0; chunk < CHUNKS_MAX; chunk++) {
    const { bytesRead } = await file.read(head, 0, head.length, at);
    if (bytesRead < head.length) return false;
    const type = head.toString('latin1', 4);
    if (type === 'IDAT') return false;
    if (type === 'acTL') return true;
    at += head.readUInt32BE(0) + CHUNK_FRAME_SIZE_BYTES;
  }
  return true;
}
