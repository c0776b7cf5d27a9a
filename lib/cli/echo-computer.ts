import { activate, Socket, type VirtualRouter, type XcsModule } from "../xcs/index.js";

/** A second computer on the virtual router: it opens what the first one opens, and writes back what it gets. */
export class EchoComputer {
  readonly #first: XcsModule;
  readonly #module: XcsModule;

  constructor(router: VirtualRouter, first: XcsModule) {
    this.#first = first;
    this.#module = activate(Socket, { router });
    this.#module.on("readable", (port) => this.#answer(port));
    this.#module.on("warning", () => {});
  }

  /** Opens and closes what the first computer has opened and closed. */
  async follow(): Promise<void> {
    const wanted = this.#first.manager.active();
    const present = this.#module.manager.active();
    const isIn = (list: typeof wanted, { port, protocol }: (typeof wanted)[number]) =>
      list.some((other) => other.port === port && other.protocol === protocol);
    for (const one of present) if (!isIn(wanted, one)) await this.#module.close(one.port);
    for (const one of wanted) if (!isIn(present, one)) await this.#module.open(one.port, one.protocol);
  }

  /** Answers for which there is no room are left out, so that whoever only writes is not kept waiting. */
  #answer(port: number): void {
    for (let data = this.#module.read(port); data; data = this.#module.read(port)) {
      this.#module.write(port, data).catch(() => {});
    }
  }
}
