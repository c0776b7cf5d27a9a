// The state of one computation, as pairs of low and high halves; JavaScript runs one at a time.
const v = new Int32Array(8);

/** v[to] += v[from], as 64-bit numbers; `to` and `from` are places of low halves. */
function add(to: number, from: number): void {
  const low = ((v[to] as number) >>> 0) + ((v[from] as number) >>> 0);
  v[to] = low;
  v[to + 1] = (v[to + 1] as number) + (v[from + 1] as number) + (low > 0xffffffff ? 1 : 0);
}

/** Rotates v[at] left by `bits` (below 32) and mixes v[other] in. */
function rotateXor(at: number, bits: number, other: number): void {
  const [low, high] = [v[at] as number, v[at + 1] as number];
  v[at] = ((low << bits) | (high >>> (32 - bits))) ^ (v[other] as number);
  v[at + 1] = ((high << bits) | (low >>> (32 - bits))) ^ (v[other + 1] as number);
}

function swapHalves(at: number): void {
  const low = v[at] as number;
  v[at] = v[at + 1] as number;
  v[at + 1] = low;
}

function round(): void {
  add(0, 2);
  add(4, 6);
  rotateXor(2, 13, 0);
  rotateXor(6, 16, 4);
  swapHalves(0);
  add(4, 2);
  add(0, 6);
  rotateXor(2, 17, 4);
  rotateXor(6, 21, 0);
  swapHalves(4);
}

/**
 * SipHash-2-4 (Aumasson and Bernstein): 64 bits that nobody can make without the key. Synchronous, as a cookie has to
 * be, and alike in browsers, where WebCrypto is not.
 */
export function sipHash(key: Uint8Array, message: Uint8Array): Uint8Array {
  const view = new DataView(key.buffer, key.byteOffset, 16);
  const k = [0, 4, 8, 12].map((at) => view.getInt32(at, true)) as [number, number, number, number];
  // The halves of "somepseudorandomlygeneratedbytes".
  v[0] = 0x70736575 ^ k[0];
  v[1] = 0x736f6d65 ^ k[1];
  v[2] = 0x6e646f6d ^ k[2];
  v[3] = 0x646f7261 ^ k[3];
  v[4] = 0x6e657261 ^ k[0];
  v[5] = 0x6c796765 ^ k[1];
  v[6] = 0x79746573 ^ k[2];
  v[7] = 0x74656462 ^ k[3];

  const padded = new Uint8Array((message.length + 8) & ~7);
  padded.set(message);
  padded[padded.length - 1] = message.length;
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const [low, high] = [words.getInt32(at, true), words.getInt32(at + 4, true)];
    v[6] = (v[6] as number) ^ low;
    v[7] = (v[7] as number) ^ high;
    round();
    round();
    v[0] = (v[0] as number) ^ low;
    v[1] = (v[1] as number) ^ high;
  }
  v[4] = (v[4] as number) ^ 0xff;
  for (let count = 0; count < 4; count++) round();
  const hash = new DataView(new ArrayBuffer(8));
  const mixed = (half: number) => [0, 2, 4, 6].reduce((bits, at) => bits ^ (v[at + half] as number), 0);
  hash.setInt32(0, mixed(0), true);
  hash.setInt32(4, mixed(1), true);
  return new Uint8Array(hash.buffer);
}
