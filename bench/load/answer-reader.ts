// Reads HTTP/1.1 answers from a connection's bytes: by Content-Length or in chunks. As little work as possible,
// because the load program shares the processors with the server it measures.

export interface RawAnswer {
  readonly status: number;
  readonly body: Buffer;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const noBytes = Buffer.alloc(0);

interface Head {
  readonly status: number;
  /** undefined: the body comes in chunks. */
  readonly lengthBytes: number | undefined;
}

const parseHead = (text: string): Head => {
  const status = Number(text.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  if (length !== undefined) return { status, lengthBytes: Number(length) };
  return { status, lengthBytes: /\r\ntransfer-encoding: *chunked/i.test(text) ? undefined : 0 };
};

export class AnswerReader {
  #bytes: Buffer = noBytes;
  /** Pieces that came while the body was not whole; joined once. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #wantedBytes = 0;
  #head: Head | undefined;
  #chunks: Buffer[] = [];

  /** The answer, when these bytes complete one. Requests are not pipelined, so nothing follows it. */
  push(bytes: Buffer): RawAnswer | undefined {
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
    if (this.#pieceBytes < this.#wantedBytes) return undefined;
    this.#bytes = this.#pieces.length === 1 ? bytes : Buffer.concat(this.#pieces);
    const answer = this.#read();
    this.#wantedBytes = answer ? 0 : Math.max(this.#wantedBytes, this.#bytes.length + 1);
    this.#pieces = this.#bytes.length > 0 ? [this.#bytes] : [];
    this.#pieceBytes = this.#bytes.length;
    return answer;
  }

  #read(): RawAnswer | undefined {
    if (!this.#head) {
      const end = this.#bytes.indexOf(HEAD_END);
      if (end < 0) return undefined;
      this.#head = parseHead(this.#bytes.toString('latin1', 0, end));
      this.#bytes = this.#bytes.subarray(end + HEAD_END.length);
    }
    const { status, lengthBytes } = this.#head;
    const body = lengthBytes === undefined ? this.#readChunks() : this.#readLength(lengthBytes);
    if (!body) return undefined;
    this.#head = undefined;
    this.#bytes = noBytes;
    return { status, body };
  }

  #readLength(lengthBytes: number): Buffer | undefined {
    this.#wantedBytes = lengthBytes;
    return this.#bytes.length < lengthBytes ? undefined : this.#bytes;
  }

  #readChunks(): Buffer | undefined {
    this.#wantedBytes = 0;
    for (;;) {
      const end = this.#bytes.indexOf(LINE_END);
      if (end < 0) return undefined;
      const sizeBytes = Number.parseInt(this.#bytes.toString('latin1', 0, end), 16);
      const next = end + LINE_END.length + sizeBytes + LINE_END.length;
      if (this.#bytes.length < next) {
        this.#wantedBytes = next;
        return undefined;
      }
      const chunk = this.#bytes.subarray(end + LINE_END.length, end + LINE_END.length + sizeBytes);
      this.#bytes = this.#bytes.subarray(next);
      if (sizeBytes > 0) this.#chunks.push(chunk);
      else {
        const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
        this.#chunks = [];
        return body;
      }
    }
  }
}
