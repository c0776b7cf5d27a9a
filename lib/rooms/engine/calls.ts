import { NetworkError } from "../../network-error.js";
import { MAX_IN_FLIGHT } from "./engine.js";

/** How many bytes the calls that wait may hold in all. */
const MAX_BYTES = 64 * 2 ** 20;
/** What a call costs beside its bytes. */
const CALL_BYTES = 256;

/** The calls of an engine that wait for their answers: so many, and so many bytes. */
export class Calls {
  readonly #waiting = new Set<(error: NetworkError) => void>();
  #bytes = 0;

  /** @throws (rejects) as `call`, or as `fail` says in the meantime; NetworkError `ERR_TOO_MANY_REQUESTS` */
  async run<T>(sizeBytes: number, call: () => Promise<T>): Promise<T> {
    const costBytes = sizeBytes + CALL_BYTES;
    if (this.#waiting.size >= MAX_IN_FLIGHT || this.#bytes + costBytes > MAX_BYTES) {
      throw new NetworkError("ERR_TOO_MANY_REQUESTS", `${this.#waiting.size} calls wait for the engine already`);
    }
    this.#bytes += costBytes;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      const done = () => {
        this.#waiting.delete(reject);
        this.#bytes -= costBytes;
      };
      call().finally(done).then(resolve, reject);
    });
  }

  /** What waits is over: nobody knows what became of it. */
  fail(error: NetworkError): void {
    for (const reject of this.#waiting) reject(error);
  }
}
