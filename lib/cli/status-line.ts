import { clearLine, cursorTo } from "node:readline";

/** Without a terminal, a line every so many times that something is shown. */
const SHOWN_EVERY = 10;

/** A line that changes in a terminal. Elsewhere some of its states, each in a line of its own. */
export class StatusLine {
  readonly #stream: NodeJS.WriteStream;
  #count = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(text: string): void {
    if (this.#stream.isTTY) this.#draw(text);
    else if (++this.#count % SHOWN_EVERY === 0) this.#stream.write(`${text}\n`);
  }

  /** The last state, which stays. */
  end(text: string): void {
    if (this.#stream.isTTY) this.#draw("");
    this.#stream.write(`${text}\n`);
  }

  #draw(text: string): void {
    cursorTo(this.#stream, 0);
    clearLine(this.#stream, 0);
    this.#stream.write(text.slice(0, this.#stream.columns - 1));
  }
}
