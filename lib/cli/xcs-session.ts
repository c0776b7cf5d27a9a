import { pause, systemClock } from "../clock.js";
import { type PortInfo, XcsError, type XcsModule } from "../xcs/index.js";
import type { EchoComputer } from "./echo-computer.js";
import { showData } from "./show-data.js";
import type { Terminal } from "./terminal.js";

const HELP = `request socket_open PORT PROTOCOL    opens a port from 1 to 65535 for UDP or TCP
request socket_close PORT            closes it
request socket_read PORT             prints the next entry, or null
request socket_peek PORT             the same, and leaves it there
request socket_write PORT DATA       writes the rest of the line, or the value of a name
request socket_wait PORT [MS]        prints the next entry, and waits for it
let NAME = VALUE                     binds a name to "text", a number, or bytes (0x00ff)
active                               lists the open ports
help                                 prints this
exit                                 ends it

"request socket_" may be left out: open 80 UDP
`;

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Reads lines and does what they say: answers go to stdout, errors and news to stderr. */
export class XcsSession {
  readonly #module: XcsModule;
  readonly #echo: EchoComputer | null;
  readonly #terminal: Terminal | null;
  #isOver = false;

  /** @param terminal where somebody types the lines: a mistake does not end it */
  constructor(module: XcsModule, echo: EchoComputer | null, terminal: Terminal | null) {
    this.#module = module;
    this.#echo = echo;
    this.#terminal = terminal;
    module.on("warning", ({ text }) => this.#tell(`warning: ${text}`));
    module.on("readable", (port) => this.#tell(`port ${port}: data has arrived`));
    module.on("disconnected", (port, address, error) =>
      this.#tell(`port ${port}: ${address} has left${error ? ` (${error.code}: ${error.message})` : ""}`),
    );
  }

  /** @returns the exit code: 1 if a line failed that nobody typed */
  async run(lines: AsyncIterable<string>): Promise<number> {
    const onSignal = (signal: NodeJS.Signals) => void this.#stop(signal);
    for (const signal of SIGNALS) process.once(signal, onSignal);
    const onIdle = () => this.#giveUp();
    process.once("beforeExit", onIdle);
    let number = 0;
    try {
      for await (const line of lines) {
        number++;
        if (line.trim() === "exit" || this.#isOver) break;
        const error = await this.#try(line);
        if (this.#isOver) break;
        if (!error) continue;
        if (!this.#terminal) return this.#fail(number, error);
        this.#tell(error);
      }
    } catch (error) {
      return this.#fail(number + 1, textOf(error));
    } finally {
      await this.#module.dispose();
      process.off("beforeExit", onIdle);
      if (!this.#isOver) for (const signal of SIGNALS) process.off(signal, onSignal);
    }
    return 0;
  }

  #fail(number: number, text: string): number {
    this.#tell(`line ${number}: ${text}`);
    return 1;
  }

  /** A line waits, and nothing is left that could write: on the virtual router, where the second computer is silent. */
  #giveUp(): void {
    this.#tell("nobody is left to write what this waits for");
    void this.#module.dispose();
  }

  /** Says something that is no answer. */
  #tell(text: string): void {
    if (this.#terminal) this.#terminal.tell(text);
    else process.stderr.write(`${text}\n`);
  }

  /** @returns the text of the error */
  async #try(line: string): Promise<string | null> {
    try {
      const answer = await this.#answer(line);
      if (answer !== null) process.stdout.write(answer);
      return null;
    } catch (error) {
      return textOf(error);
    }
  }

  async #answer(line: string): Promise<string | null> {
    if (line.trim() === "help") return HELP;
    if (line.trim() === "active") return tableOf(this.#module.manager.active());
    const { command, data } = await this.#module.requestLine(line);
    if (this.#echo) {
      await this.#echo.follow();
      // What the second computer answers to this line is there before the next one.
      await pause(systemClock, 0);
    }
    if (command === null) return null;
    return command === "read" || command === "peek" || command === "wait" ? `${showData(data)}\n` : "ok\n";
  }

  /** Closes what is open, and lets the signal do what it does to a program that does not listen. */
  async #stop(signal: NodeJS.Signals): Promise<void> {
    this.#isOver = true;
    this.#terminal?.close();
    await this.#module.dispose();
    process.kill(process.pid, signal);
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof XcsError)) return (error as Error).message;
  const advice = error.reason.text === "ESYNTAX" ? '; "help" lists all commands' : "";
  return `${error.code}: ${error.message}${advice}`;
}

function tableOf(ports: PortInfo[]): string {
  if (ports.length === 0) return "no port is open\n";
  const rows = ports.map(
    ({ port, protocol, address, ageMs, unread, sent, received, lost, dropped, segments, segmentsSent }) => {
      const resent = segments === 0 ? "" : `, ${segmentsSent} sends for ${segments} segments`;
      const age = `open for ${Math.round(ageMs / 1000)} s`;
      const counts = `${sent} sent${resent}, ${received} received, ${lost} lost, ${dropped} dropped, ${unread} unread`;
      return `${port} ${protocol} on ${address}: ${age}, ${counts}\n`;
    },
  );
  return rows.join("");
}
