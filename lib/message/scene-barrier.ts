import type { Clock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import type { NetworkPlayer } from "./players/network-player.js";
import { LoadSceneMessage } from "./protocol/system-messages.js";

export interface LoadSceneOptions {
  /** After this those who are not ready are waited for no longer. Default 60,000. */
  timeoutMs?: number;
}

interface Loading {
  waitsFor: Set<NetworkPlayer>;
  finish(): void;
}

/** The scene that a server is in, and who of its players has loaded it. */
export class SceneBarrier {
  readonly #clock: Clock;
  readonly #onReady: (player: NetworkPlayer) => void;
  #name: string | null = null;
  /** Answers about an earlier scene do not count. */
  #number = 0;
  #loading: Loading | null = null;

  constructor(clock: Clock, onReady: (player: NetworkPlayer) => void) {
    this.#clock = clock;
    this.#onReady = onReady;
  }

  /** Null before the first. */
  get name(): string | null {
    return this.#name;
  }

  /** All `players` load `name`; resolves when each is ready or has left, or time is up. */
  async load(name: string, players: readonly NetworkPlayer[], { timeoutMs = 60_000 }: LoadSceneOptions): Promise<void> {
    if (this.#loading) throw new NetworkError("ERR_STATE", `The scene ${this.#name} is being loaded`);
    this.#name = name;
    this.#number = (this.#number + 1) >>> 0;
    let timer: unknown;
    await new Promise<void>((resolve) => {
      this.#loading = { waitsFor: new Set(players), finish: resolve };
      timer = this.#clock.setTimeout(resolve, timeoutMs);
      for (const player of players) this.#send(player);
      this.#check();
    });
    this.#clock.clearTimeout(timer);
    this.#loading = null;
  }

  /** A player has been authenticated, or has come back. */
  enter(player: NetworkPlayer): void {
    if (this.#name === null) this.#ready(player);
    else this.#send(player);
  }

  /** @returns false: it had not been asked */
  loaded(player: NetworkPlayer, number: number): boolean {
    if (number > this.#number || !player.isAuthenticated) return false;
    if (number === this.#number && !player.ready) this.#ready(player);
    return true;
  }

  /** A player has left. */
  leave(player: NetworkPlayer): void {
    this.#loading?.waitsFor.delete(player);
    this.#check();
  }

  /** The server has stopped. */
  reset(): void {
    this.#loading?.finish();
    this.#name = null;
  }

  #send(player: NetworkPlayer): void {
    player.ready = false;
    player.send(LoadSceneMessage, { number: this.#number, name: this.#name as string });
  }

  #ready(player: NetworkPlayer): void {
    player.ready = true;
    this.#onReady(player);
    this.leave(player);
  }

  #check(): void {
    if (this.#loading?.waitsFor.size === 0) this.#loading.finish();
  }
}
