/** The bytes of a text of hexadecimal digits, with or without spaces, colons, commas and `0x`; null if it is none. */
export function parseHex(text: string): Uint8Array | null {
  const digits = text.replaceAll(/0x|[\s:,]/gi, "");
  if (digits.length === 0 || digits.length % 2 > 0 || /[^\da-f]/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
