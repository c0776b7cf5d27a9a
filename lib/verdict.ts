import { typeError } from "./arguments.js";
import { isThenable } from "./brands.js";
import { utf8Length } from "./utf8.js";

/** Whether a newcomer is let in: true, or the reason why not. */
export type Verdict = true | { readonly code: number; readonly text: string };

/** How {@link judge} treats answers. */
export interface Court {
  /** The callback that is asked, for errors. */
  readonly callback: string;
  /** The largest code of a reason: 999 for applications. */
  readonly maxCode: number;
  /** The verdict when the callback fails, by what it throws or by what it answers. */
  readonly failed: Verdict;
  /** Gets the error then. */
  report(error: unknown): void;
}

/** Longest text of a reason, in bytes of UTF-8: it fits a close frame of WebSocket and of GNS. */
export const MAX_REASON_BYTES = 120;

/**
 * The verdict of a callback of the user: `true` or a valid reason, or a promise of one. Anything else is the failure of
 * the callback and lets nobody in. Never throws, and its promise never rejects.
 */
export function judge({ callback, maxCode, failed, report }: Court, ask: () => unknown): Verdict | Promise<Verdict> {
  const fail = (error: unknown): Verdict => {
    report(error);
    return failed;
  };
  const check = (answer: unknown): Verdict => {
    try {
      const verdict = answer === true || readReason(answer, maxCode);
      if (verdict) return verdict;
    } catch (error) {
      return fail(error);
    }
    const reason = `a reason { code: 0 to ${maxCode}, text: at most ${MAX_REASON_BYTES} bytes }`;
    return fail(typeError(`The answer of ${callback}`, `true, ${reason}, or a promise of one of these`));
  };
  try {
    const answer = ask();
    return isThenable(answer) ? Promise.resolve(answer).then(check, fail) : check(answer);
  } catch (error) {
    return fail(error);
  }
}

/** A copy, read once: a getter may throw, or give something else the next time. Null for what is no reason. */
function readReason(answer: unknown, maxCode: number): Exclude<Verdict, true> | null {
  if (typeof answer !== "object" || answer === null) return null;
  const { code, text } = answer as { code?: unknown; text?: unknown };
  if (typeof code !== "number" || !Number.isInteger(code) || code < 0 || code > maxCode) return null;
  return typeof text === "string" && utf8Length(text) <= MAX_REASON_BYTES ? { code, text } : null;
}
