import { createHash } from "node:crypto";
import type { IConnection } from "../../lib/peer/index.js";

/** The length of the streams in the tests: 100 MB in a stress run. */
export const STREAM_BYTES = process.env.VALVE_SOCKETS_STRESS ? 100_000_000 : 5_000_000;

const CHUNK_BYTES = 50_000;

/** What one end of a stream has received. */
export interface Transferred {
  bytes: number;
  hash: string;
}

/** Chunk `number` of a stream; no two are equal. */
function chunkOf(number: number, size: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  let word = (number + 1) * 0x9e3779b1;
  for (let index = 0; index < words.length; index++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    words[index] = word;
  }
  return new Uint8Array(words.buffer, 0, size);
}

/** Writes `size` bytes to a stream as fast as it takes them, and closes it. */
export async function writeStream(writable: WritableStream<Uint8Array>, size: number): Promise<Transferred> {
  const writer = writable.getWriter();
  const hash = createHash("sha256");
  for (let bytes = 0; bytes < size; bytes += CHUNK_BYTES) {
    const chunk = chunkOf(bytes, Math.min(CHUNK_BYTES, size - bytes));
    hash.update(chunk);
    await writer.write(chunk);
  }
  await writer.close();
  return { bytes: size, hash: hash.digest("hex") };
}

/** Reads a stream to its end. */
export async function readStream(readable: ReadableStream<Uint8Array>): Promise<Transferred> {
  const reader = readable.getReader();
  const hash = createHash("sha256");
  let bytes = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    hash.update(next.value);
    bytes += next.value.length;
  }
  return { bytes, hash: hash.digest("hex") };
}

/** Sends a stream of `size` bytes from one end to the other. */
export async function carryStream(from: IConnection, to: IConnection, size: number) {
  const reading = new Promise<Transferred>((resolve, reject) => {
    to.onStream = (_header, accept) => readStream(accept()).then(resolve, reject);
  });
  const [sent, received] = await Promise.all([writeStream(from.openStream().writable, size), reading]);
  return { sent, received };
}
