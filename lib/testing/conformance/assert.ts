/** What a case of the conformance suite throws: a plain error, which any test runner can show. */
export class ConformanceError extends Error {
  override get name(): string {
    return "ConformanceError";
  }
}

export function assertThat(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new ConformanceError(`Expected: ${expectation}`);
}

/** Compares numbers, texts, and arrays and plain objects of these. */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  const [actualText, expectedText] = [JSON.stringify(actual), JSON.stringify(expected)];
  assertThat(actualText === expectedText, `${what} is ${shorten(expectedText)}, not ${shorten(actualText)}`);
}

/** The error that `promise` rejects with. */
export async function rejectionOf(promise: Promise<unknown>, what: string): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    assertThat(error instanceof Error, `${what} rejects with an Error`);
    return error;
  }
  throw new ConformanceError(`Expected: ${what} rejects`);
}

/** The error that `call` throws. */
export function errorOf(call: () => unknown, what: string): Error & { code?: string } {
  try {
    call();
  } catch (error) {
    assertThat(error instanceof Error, `${what} throws an Error`);
    return error;
  }
  throw new ConformanceError(`Expected: ${what} throws`);
}

const shorten = (text = "undefined") => (text.length > 300 ? `${text.slice(0, 300)}…` : text);
