import { badValue } from "./errors.js";
import type { NetworkReader } from "./network-reader.js";
import type { NetworkWriter } from "./network-writer.js";

const encoder = new TextEncoder();
// What was written is read unchanged: a byte order mark stays, and invalid bytes are an error.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Up to about this many characters, a loop is faster than the encoder of the platform. */
const SHORT_LENGTH = 128;

export function encodeText(writer: NetworkWriter, text: string): number {
  if (text.length > SHORT_LENGTH) {
    const bytes = encoder.encode(text);
    writer.writeBytes(bytes);
    return bytes.length;
  }
  const start = writer.bitLength;
  let index = 0;
  for (; index + 4 <= text.length; index += 4) {
    const [a, b] = [text.charCodeAt(index), text.charCodeAt(index + 1)];
    const [c, d] = [text.charCodeAt(index + 2), text.charCodeAt(index + 3)];
    if ((a | b | c | d) >= 0x80) break;
    writer.writeBits(a | (b << 8) | (c << 16) | (d << 24), 32);
  }
  for (; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      writer.writeBits(unit, 8);
    } else if (unit < 0x800) {
      writer.writeBits(0xc0 | (unit >>> 6) | (continuation(unit) << 8), 16);
    } else {
      // Half of a surrogate pair becomes U+FFFD, as in the encoder of the platform.
      const point = text.codePointAt(index) as number;
      if (point > 0xffff) {
        index++;
        writer.writeBits(0xf0 | (point >>> 18) | (continuation(point >>> 12) << 8), 16);
        writer.writeBits(continuation(point >>> 6) | (continuation(point) << 8), 16);
      } else {
        const whole = (point & 0xf800) === 0xd800 ? 0xfffd : point;
        writer.writeBits(0xe0 | (whole >>> 12) | (continuation(whole >>> 6) << 8) | (continuation(whole) << 16), 24);
      }
    }
  }
  return (writer.bitLength - start) / 8;
}

/** The byte of UTF-8 with the low 6 bits. */
const continuation = (bits: number) => 0x80 | (bits & 0x3f);

export function decodeText(reader: NetworkReader, byteLength: number): string {
  const start = reader.bitPosition;
  const short = byteLength <= SHORT_ASCII ? readAscii(reader, byteLength) : undefined;
  if (short !== undefined) return short;
  reader.seek(start);
  try {
    return decoder.decode(reader.readBytes(byteLength));
  } catch {
    throw badValue("A text is not valid UTF-8");
  }
}

/** Up to this many bytes, most texts are ASCII, and `fromCharCode` is faster than the decoder of the platform. */
const SHORT_ASCII = 32;

function readAscii(reader: NetworkReader, byteLength: number): string | undefined {
  let text = "";
  let left = byteLength;
  for (; left >= 4; left -= 4) {
    const four = reader.readInt32();
    if ((four & 0x80808080) !== 0) return undefined;
    text += String.fromCharCode(four & 0x7f, (four >>> 8) & 0x7f, (four >>> 16) & 0x7f, four >>> 24);
  }
  for (; left > 0; left--) {
    const unit = reader.readUint8();
    if (unit >= 0x80) return undefined;
    text += String.fromCharCode(unit);
  }
  return text;
}
