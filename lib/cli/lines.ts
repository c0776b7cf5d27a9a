/** The most characters of a line: enough for a message of the largest size in any form. */
const MAX_LINE_LENGTH = 2 ** 23;

/**
 * The lines of a file or pipe.
 *
 * @throws Error for a line that is too long, and what the file gives
 */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of input) {
    const [first = "", ...others] = decoder.decode(chunk, { stream: true }).split("\n");
    rest += first;
    for (const next of others) {
      yield rest;
      rest = next;
    }
    if (rest.length > MAX_LINE_LENGTH) throw new Error(`It is longer than ${MAX_LINE_LENGTH} characters`);
  }
  if (rest !== "") yield rest;
}
