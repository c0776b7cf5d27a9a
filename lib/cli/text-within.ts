/**
 * What a file, a pipe or an answer says.
 *
 * @param input `stdin`, a stream of a file, or the body of a response
 * @throws RangeError for more than `maxBytes`; what the input gives
 */
export async function textWithin(input: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of input) {
    length += chunk.length;
    if (length > maxBytes) throw new RangeError(`it is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
