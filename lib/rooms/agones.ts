import { checkInstance } from "../arguments.js";
import { type Clock, systemClock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import { checkOptions, clockOption, durationOption, functionOption, type OptionRules, textOption } from "../options.js";
import { reportUncaught } from "../report-uncaught.js";
import { RoomHost } from "./room-host.js";

/** The options of an {@link Agones}. */
export interface AgonesOptions {
  /** Of the SDK server. @defaultValue `http://127.0.0.1:` and `AGONES_SDK_HTTP_PORT`, or 9358 */
  url?: string;
  /** How often the SDK server is told that the host is well, at least 100. @defaultValue 2000 ms */
  healthMs?: number;
  /** Agones wants the game server to end: drain the host. @defaultValue nothing is done */
  onShutdown?: () => void;
  /** What times `healthMs` and the pauses between attempts. @defaultValue that of the platform */
  clock?: Clock;
}

const OPTIONS: OptionRules<AgonesOptions> = {
  url: textOption,
  healthMs: durationOption(100),
  onShutdown: functionOption,
  clock: clockOption,
};
/** How long a call may take, and the pause before it is repeated. */
const CALL_MS = 5000;
const RETRY_MS = 1000;
/** How long a call that somebody waits for is repeated: the SDK server may begin after its game server. */
const PATIENCE_MS = 30_000;
/** The longest description of a game server. */
const MAX_LINE = 2 ** 20;

/**
 * A host as a game server of Agones, by the HTTP of its SDK server: Ready when it starts, well as long as it can say
 * so, Allocated from its first player on, Shutdown when it says so. A call that fails is repeated until it succeeds.
 */
export class Agones {
  readonly #host: RoomHost;
  readonly #url: string;
  readonly #healthMs: number;
  readonly #onShutdown: () => void;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #isAllocated = false;
  #isEnding = false;

  /** @throws TypeError, RangeError for what is no host, or wrong options */
  constructor(host: RoomHost, options: AgonesOptions = {}) {
    checkInstance("host", host, RoomHost);
    checkOptions("Agones", options, OPTIONS);
    const { url = `http://127.0.0.1:${process.env.AGONES_SDK_HTTP_PORT ?? 9358}`, healthMs = 2000 } = options;
    this.#host = host;
    this.#url = url.replace(/\/$/, "");
    this.#healthMs = healthMs;
    this.#onShutdown = options.onShutdown ?? (() => {});
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Says that the host is ready. Call it when the host has started.
   *
   * @throws (rejects) NetworkError `ERR_CONNECT_FAILED` when no SDK server has taken it within 30 s: then this has
   *   stopped
   */
  async start(): Promise<void> {
    const end = this.#host.server.on("authenticated", () => this.#allocate());
    this.#abort.signal.addEventListener("abort", end);
    await this.#call("/ready");
    void this.#beat();
    void this.#watch();
  }

  /** Says that the game server has ended, and stops. Call it when the host is empty. @throws as `start` */
  async shutdown(): Promise<void> {
    this.#isEnding = true;
    await this.#call("/shutdown");
    this.stop();
  }

  /** Says nothing any more. */
  stop(): void {
    this.#abort.abort();
  }

  async #beat(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      if (this.#host.metrics.players > 0) this.#allocate();
      await this.#post("/health");
      await this.#pause(this.#healthMs);
    }
  }

  #allocate(): void {
    if (this.#isAllocated || this.#isEnding) return;
    this.#isAllocated = true;
    void this.#insist("/allocate");
  }

  /** Follows what Agones says of the game server, one JSON text in each line. */
  async #watch(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        const response = await fetch(`${this.#url}/watch/gameserver`, { signal: this.#abort.signal });
        let rest = "";
        const decoder = new TextDecoder();
        for await (const bytes of response.body ?? []) {
          const lines = (rest + decoder.decode(bytes as Uint8Array, { stream: true })).split("\n");
          rest = lines.pop() ?? "";
          if (rest.length > MAX_LINE) throw new RangeError("The description of the game server is too long");
          for (const line of lines) this.#heard(line);
        }
      } catch {
        // The SDK server is away, or this has stopped.
      }
      await this.#pause(RETRY_MS);
    }
  }

  #heard(line: string): void {
    let state: unknown;
    try {
      state = JSON.parse(line)?.result?.status?.state;
    } catch {
      return;
    }
    if (state === "Allocated") this.#isAllocated = true;
    if (state !== "Shutdown" || this.#isEnding) return;
    this.#isEnding = true;
    try {
      this.#onShutdown();
    } catch (error) {
      reportUncaught(error);
    }
  }

  /** As `#insist`, while somebody waits. @throws (rejects) NetworkError `ERR_CONNECT_FAILED`: then this has stopped */
  async #call(path: string): Promise<void> {
    if (await this.#insist(path, this.#clock.now() + PATIENCE_MS)) return;
    this.stop();
    const text = `No SDK server of Agones has taken ${path} at ${this.#url} within ${PATIENCE_MS / 1000} s`;
    const hint = "run this under Agones or its local SDK server, or give its address as `url` or AGONES_SDK_HTTP_PORT";
    throw new NetworkError("ERR_CONNECT_FAILED", `${text}: ${hint}`);
  }

  /** Repeats a call until it has succeeded, or this has stopped. @returns false: it is late */
  async #insist(path: string, untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    while (!this.#abort.signal.aborted && !(await this.#post(path))) {
      if (this.#clock.now() >= untilMs) return false;
      await this.#pause(RETRY_MS);
    }
    return true;
  }

  /** @returns whether it has succeeded */
  async #post(path: string): Promise<boolean> {
    const call = new AbortController();
    const abort = () => call.abort();
    const timer = this.#clock.setTimeout(abort, CALL_MS);
    this.#abort.signal.addEventListener("abort", abort);
    try {
      const headers = { "content-type": "application/json" };
      const response = await fetch(this.#url + path, { method: "POST", body: "{}", headers, signal: call.signal });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    } finally {
      this.#clock.clearTimeout(timer);
      this.#abort.signal.removeEventListener("abort", abort);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#clock.clearTimeout(timer);
        this.#abort.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = this.#clock.setTimeout(done, ms);
      this.#abort.signal.addEventListener("abort", done);
      if (this.#abort.signal.aborted) done();
    });
  }
}
