import { cpuSeconds, percentile, report } from "./report.mjs";

/** Measures `count` round trips after `warmup` others: one message at a time, the next when the last is answered. */
export class RoundTrips {
  #count;
  #index;
  #times;
  #send;
  #done;
  #sentAt = 0;
  #lost = 0;
  #cpu = 0;
  #watch;

  /** `send` sends the message; `done` is called after the report. */
  constructor({ count = 20_000, warmup = 1000 }, send, done) {
    this.#count = count;
    this.#index = -warmup;
    this.#times = new Float64Array(count);
    this.#send = send;
    this.#done = done;
  }

  start() {
    let last = this.#index;
    // A lost message must not end the run: after a second without an answer the next one goes out.
    this.#watch = setInterval(() => {
      if (this.#index === last) {
        this.#lost++;
        this.answered();
      }
      last = this.#index;
    }, 1000);
    this.#next();
  }

  answered() {
    if (this.#index >= 0) this.#times[this.#index] = (performance.now() - this.#sentAt) * 1000;
    this.#index++;
    if (this.#index < this.#count) return this.#next();
    if (this.#index === this.#count) this.#finish();
  }

  #next() {
    if (this.#index === 0) this.#cpu = cpuSeconds();
    this.#sentAt = performance.now();
    this.#send();
  }

  #finish() {
    const cpu = cpuSeconds() - this.#cpu;
    clearInterval(this.#watch);
    const times = this.#times.sort();
    report("result", {
      count: this.#count,
      lost: this.#lost,
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      p999: percentile(times, 0.999),
      cpuSeconds: cpu,
    });
    this.#done();
  }
}
