/** Values of ASN.1 in DER (ITU-T X.690), as far as a certificate needs them. */

const TAG = { integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, utf8: 0x0c, sequence: 0x30, set: 0x31 };
const [UTC_TIME, GENERALIZED_TIME] = [0x17, 0x18];
/** A UTCTime has two digits for the year: from 1950 to 2049. */
const END_OF_UTC_TIME_MS = Date.UTC(2050, 0, 1);

/** One value: tag, length and what is in it. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const digits = length > 0xff ? [0x82, length >> 8, length & 0xff] : length > 0x7f ? [0x81, length] : [length];
  return Buffer.concat([Buffer.from([tag, ...digits]), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(TAG.sequence, ...parts);

export const set = (...parts: readonly Uint8Array[]): Buffer => der(TAG.set, ...parts);

/** A positive number, from its bytes with the highest first, which have no zeros before the number. */
export function integer(bytes: Uint8Array): Buffer {
  const isNegative = ((bytes[0] as number) & 0x80) !== 0;
  return isNegative ? der(TAG.integer, Buffer.of(0), bytes) : der(TAG.integer, bytes);
}

/** @param hex the encoded numbers: `550403` is 2.5.4.3 */
export const oid = (hex: string): Buffer => der(TAG.oid, Buffer.from(hex, "hex"));

export const utf8 = (text: string): Buffer => der(TAG.utf8, Buffer.from(text));

export const bitString = (bytes: Uint8Array): Buffer => der(TAG.bitString, Buffer.of(0), bytes);

export const octetString = (bytes: Uint8Array): Buffer => der(TAG.octetString, bytes);

/** A value of which a structure has `number` as its tag. */
export const tagged = (number: number, content: Uint8Array): Buffer => der(0xa0 | number, content);

/** Bytes of which a structure has `number` as their tag. */
export const taggedBytes = (number: number, bytes: Uint8Array): Buffer => der(0x80 | number, bytes);

/** @param unixMs milliseconds since 1970 */
export function time(unixMs: number): Buffer {
  const digits = new Date(unixMs).toISOString().replace(/\.\d+|\D/g, "");
  const isLate = unixMs >= END_OF_UTC_TIME_MS;
  return der(isLate ? GENERALIZED_TIME : UTC_TIME, Buffer.from(`${isLate ? digits : digits.slice(2)}Z`));
}
