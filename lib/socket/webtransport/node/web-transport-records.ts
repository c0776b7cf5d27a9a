import { WT_RECORD, type WtCommand } from "../../../addon/native-web-transport.js";
import { putBytes } from "../../../bytes.js";

const SLAB_BYTES = 256 * 1024;
const encoder = new TextEncoder();
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Records for the addon, which it takes all at once. */
export class WebTransportRecords {
  readonly bytes = new Uint8Array(SLAB_BYTES);
  readonly #words = new Uint32Array(this.bytes.buffer);
  length = 0;

  /** Whether there is room for one with so many bytes. */
  hasRoom(payloadBytes: number): boolean {
    return this.length + WT_RECORD.payload + payloadBytes + 7 <= SLAB_BYTES;
  }

  /** Adds one; there has to be room. */
  add(
    session: number,
    kind: WtCommand,
    lane = 0,
    status = 0,
    value = 0,
    payload = NO_BYTES,
    size = payload.length,
  ): void {
    const word = this.length / 4;
    this.#words[word] = session;
    this.#words[word + WT_RECORD.length / 4] = size;
    this.#words[word + WT_RECORD.kind / 4] = kind | (lane << 8) | (status << 16);
    this.#words[word + WT_RECORD.value / 4] = value;
    putBytes(payload, size, this.bytes, this.length + WT_RECORD.payload);
    this.length += (WT_RECORD.payload + size + 7) & ~7;
  }

  addText(session: number, kind: WtCommand, status: number, value: number, text: string): void {
    this.add(session, kind, 0, status, value, encoder.encode(text));
  }
}
