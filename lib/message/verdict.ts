import { checkReason } from "../socket/disconnect-reason.js";
import type { DisconnectReason } from "../socket/index.js";

/**
 * What the application's `beforeAccept` has answered.
 *
 * @throws TypeError for what is neither `true` nor a reason; RangeError for a reason that the application cannot give
 */
export function verdictOf(answer: unknown): true | DisconnectReason {
  if (answer === true) return true;
  const { code, text } = (answer ?? {}) as Partial<DisconnectReason>;
  if (typeof code !== "number" || typeof text !== "string") {
    const given = answer instanceof Object ? answer.constructor.name : String(answer);
    throw new TypeError(`beforeAccept answers true or { code, text }, not ${given}`);
  }
  checkReason({ code, text });
  return { code, text };
}
