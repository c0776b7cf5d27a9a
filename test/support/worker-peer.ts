import { Worker } from "node:worker_threads";

/** A report of `test/programs/worker-peer.mjs`; each has one of these. */
interface Report {
  port: number;
  echoed: number;
  ended: number;
  hangs: boolean;
  statistics: { loopPolls: number; helperPolls: number };
}

/** A thread with its own sockets. */
export class WorkerPeer {
  readonly worker: Worker;
  readonly reports: Partial<Report>[] = [];
  /** The error that it threw. */
  error: unknown;
  #waiting: (() => void)[] = [];

  constructor(driver: string, options: { debugLevel?: number } = {}) {
    this.worker = new Worker(new URL("../programs/worker-peer.mjs", import.meta.url), {
      workerData: { driver, ...options },
    });
    this.worker.on("message", (report: Partial<Report>) => {
      this.reports.push(report);
      this.#wake();
    });
    this.worker.on("error", (error) => {
      this.error = error;
      this.#wake();
    });
  }

  /** Waits for a report that has `key`, the `index`th of its kind. */
  report<Key extends keyof Report>(key: Key, index = 0): Promise<Report[Key]> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = this.reports.filter((report) => key in report)[index];
        if (found) resolve(found[key] as Report[Key]);
        else if (this.error) reject(this.error);
        else this.#waiting.push(check);
      };
      check();
    });
  }

  tell(order: "hang" | "callOnAndOn" | "statistics"): void;
  tell(order: "clutter", parameters: { port: number }): void;
  tell(order: "connect", parameters: { port: number; count: number; window: number }): void;
  tell(order: string, parameters: object = {}): void {
    this.worker.postMessage({ order, ...parameters });
  }

  async terminate(): Promise<void> {
    await this.worker.terminate();
    if (this.error) throw this.error;
  }

  #wake(): void {
    const checks = this.#waiting;
    this.#waiting = [];
    for (const check of checks) check();
  }
}
