import { cpuSeconds } from "./report.mjs";

/** What passes between `start` and `read`. */
export class Meter {
  count = 0;
  bytes = 0;
  #startedAt = 0;
  #startedCpu = 0;
  #cpuSeconds;

  /** @param readCpu seconds of processor time so far: of this process, unless it is another's that is measured */
  constructor(readCpu = cpuSeconds) {
    this.#cpuSeconds = readCpu;
  }

  start() {
    this.count = 0;
    this.bytes = 0;
    this.#startedAt = performance.now();
    this.#startedCpu = this.#cpuSeconds();
  }

  read() {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return { count: this.count, bytes: this.bytes, seconds, cpuSeconds: this.#cpuSeconds() - this.#startedCpu };
  }
}
