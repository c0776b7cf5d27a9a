import { rangeError, typeError } from "../arguments.js";
import type { Clock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import { checkOptions, durationOption } from "../options.js";
import { utf8Length } from "../utf8.js";
import type { NetworkPlayer } from "./players/network-player.js";
import { LoadSceneMessage, MAX_SCENE_NAME_BYTES } from "./protocol/system-messages.js";

/** How long a server waits for its players to load a scene. */
export interface LoadSceneOptions {
  /** How long the promise waits for players who are not ready. @defaultValue 60,000 ms */
  timeoutMs?: number;
}

interface Loading {
  waitsFor: Set<NetworkPlayer>;
  finish(): void;
}

/** The scene of a server, and which players have loaded it. */
export class SceneBarrier {
  readonly #clock: Clock;
  readonly #onReady: (player: NetworkPlayer) => void;
  readonly #onFailed: (sceneName: string) => void;
  #name: string | null = null;
  /** Counts the scenes: an answer about an earlier one does not count. */
  #number = 0;
  #loading: Loading | null = null;

  /** @param onFailed a player could not load the scene */
  constructor(clock: Clock, onReady: (player: NetworkPlayer) => void, onFailed: (sceneName: string) => void) {
    this.#clock = clock;
    this.#onReady = onReady;
    this.#onFailed = onFailed;
  }

  /** Null before the first. */
  get name(): string | null {
    return this.#name;
  }

  /**
   * Has `players` load a scene; resolves when each of them is ready, has failed or has left, or when the time is up.
   *
   * @returns those who are there and not ready
   */
  async load(name: string, players: readonly NetworkPlayer[], options: LoadSceneOptions): Promise<NetworkPlayer[]> {
    checkOptions("loadScene", options, { timeoutMs: durationOption() });
    const { timeoutMs = 60_000 } = options;
    checkName(name);
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
    return players.filter((player) => player.isAuthenticated && !player.ready);
  }

  /** A player was authenticated, or has come back. */
  enter(player: NetworkPlayer): void {
    if (this.#name === null) this.#ready(player);
    else this.#send(player);
  }

  /** A player has loaded a scene. @returns false: it was not asked to */
  loaded(player: NetworkPlayer, number: number): boolean {
    if (number > this.#number || !player.isAuthenticated) return false;
    if (number === this.#number && !player.ready) this.#ready(player);
    return true;
  }

  /** A player's `onLoadScene` has failed: it stays unready. @returns false: it was not asked to load the scene */
  failed(player: NetworkPlayer, number: number): boolean {
    if (number > this.#number || !player.isAuthenticated) return false;
    if (number !== this.#number || player.ready) return true;
    this.#onFailed(this.#name as string);
    this.leave(player);
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
    const number = this.#number;
    player.sendLater(LoadSceneMessage, { number, name: this.#name as string }, () => number === this.#number);
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

function checkName(name: string): void {
  if (typeof name !== "string") throw typeError("name", "a string");
  if (utf8Length(name) > MAX_SCENE_NAME_BYTES) {
    throw rangeError("name", `at most ${MAX_SCENE_NAME_BYTES} bytes of UTF-8`);
  }
}
