/** What an error says. The application may throw anything, also what has no text: this never throws. */
export function errorText(error: unknown): string {
  try {
    return String((error as Error | null | undefined)?.message ?? error);
  } catch {
    return "an error without a text";
  }
}
