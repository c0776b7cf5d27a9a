import { errorText } from "../../error-text.js";
import { printable } from "../../printable.js";
import { takeData } from "./checks.js";
import type { Answer } from "./engine.js";

/** How many requests one `answer` works on at a time. */
const MAX_ANSWERS = 1024;

/** How much of an error's text travels. */
const MAX_ERROR_LENGTH = 200;

/** What became of a request. */
export type Outcome = { data: Uint8Array } | { error: string };

/** Answers requests by a function of the user, so many at a time. */
export class Answering {
  #running = 0;
  readonly #answer: Answer;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  async run(data: Uint8Array, subject: string): Promise<Outcome> {
    if (this.#running >= MAX_ANSWERS) return { error: `${MAX_ANSWERS} requests are being answered already` };
    this.#running++;
    try {
      return { data: takeData("The answer", await this.#answer(data, subject)) };
    } catch (error) {
      return { error: printable(errorText(error).slice(0, MAX_ERROR_LENGTH)) };
    } finally {
      this.#running--;
    }
  }
}
