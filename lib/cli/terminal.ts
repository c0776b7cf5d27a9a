import { clearLine, createInterface, cursorTo } from "node:readline";

/** Asks for lines, and says something without tearing the line that is being typed. */
export class Terminal {
  readonly #readline = createInterface({ input: process.stdin, output: process.stdout, prompt: "xcs> " });
  #isAsking = false;
  #isClosed = false;

  constructor() {
    this.#readline.once("close", () => {
      this.#isClosed = true;
      this.#isAsking = false;
    });
    // The terminal takes Ctrl-C for a key: it is a signal again.
    this.#readline.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  }

  /** The lines that somebody types, until Ctrl-D. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      this.#ask();
      for await (const line of this.#readline) {
        this.#isAsking = false;
        yield line;
        this.#ask();
      }
    } finally {
      this.close();
    }
  }

  /** Gives the keyboard back. What is said later stands without a prompt. */
  close(): void {
    this.#readline.close();
  }

  /** Says something that is no answer, above the line that is being typed. */
  tell(text: string): void {
    if (this.#isAsking) {
      cursorTo(process.stdout, 0);
      clearLine(process.stdout, 1);
    }
    process.stderr.write(`${text}\n`);
    if (this.#isAsking) this.#readline.prompt(true);
  }

  #ask(): void {
    if (this.#isClosed) return;
    this.#isAsking = true;
    this.#readline.prompt();
  }
}
