import { checkBytes } from "../../arguments.js";
import { printable } from "../../printable.js";
import type { Answer } from "./engine.js";

/** How many requests one `answer` works on at a time. */
const MAX_ANSWERS = 1024;

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
      const answered = await this.#answer(data, subject);
      checkBytes("The answer", answered);
      return { data: answered };
    } catch (error) {
      return { error: printable(String((error as Error)?.message ?? error)) };
    } finally {
      this.#running--;
    }
  }
}
