import type { Clock } from "../clock.js";
import { NetworkServer, type Protocol } from "../message/index.js";
import type { NetworkPlayer } from "../message/players/network-player.js";
import { Channel } from "../peer/index.js";
import type { MemorySocketFactory } from "../socket/index.js";
import type { RecordingEntry, RecordingHeader } from "./recording-lines.js";

/** The client's player is none of those of the recording. */
const LAST_ID = 2 ** 32 - 2;
/** Nobody is lost who does not move for so long. */
const PEER = { encryption: null, keepAliveMs: 3_600_000, timeoutMs: 86_400_000 };

/** The server that a replay's client finds: it says what the recorded one has said, and the time that it had. */
export class ReplayServer {
  readonly #server: NetworkServer;
  #player: NetworkPlayer | null = null;
  #hasEnded = false;
  #sceneName: string | null = null;
  #isLoading = false;

  constructor(
    protocol: Protocol,
    socketFactory: MemorySocketFactory,
    clock: Clock,
    { tickRate, maxMessageSize }: RecordingHeader,
  ) {
    this.#server = new NetworkServer({
      ...{ protocol, socketFactory, clock, tickRate, drive: "manual", trace: null, info: null, errorBudget: null },
      peer: { ...PEER, maxReliableMessageSize: maxMessageSize },
      // What the client sends is for nobody.
      logger: { warn() {} },
    });
    NetworkServer.continueIds(this.#server, LAST_ID);
    this.#server.on("authenticated", (player) => {
      this.#player = player as NetworkPlayer;
    });
    this.#server.on("disconnected", () => {
      this.#hasEnded = true;
    });
  }

  /** Whether its client is there, and gets what is sent. */
  get isPlaying(): boolean {
    return this.#player?.isAuthenticated === true;
  }

  /** Whether its client was there, and is gone. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** Receives and sends, at a time and tick of the recording. */
  turn(timeMs: number, tick: number): void {
    // `updateReceive` begins the next tick.
    NetworkServer.setTime(this.#server, timeMs, tick - 1);
    this.#server.updateReceive();
    this.#server.updateSent();
  }

  /**
   * Sends what a client of `playerId` gets. The client has to have loaded a scene before it gets what follows.
   *
   * @param playerId of whom messages to single players are sent; null: of nobody
   * @param from of the entries, the first that was not sent
   * @param isJump the client has the same scene already, if the names are the same
   * @returns the next one that was not
   */
  send(entries: readonly RecordingEntry[], playerId: number | null, from: number, isJump: boolean): number {
    let next = from;
    for (; next < entries.length && !this.#isLoading; next++) {
      const entry = entries[next] as RecordingEntry;
      if ("scene" in entry) {
        if (!isJump || entry.scene !== this.#sceneName) this.#load(entry.scene);
        continue;
      }
      if (entry.to && (playerId === null || !entry.to.includes(playerId))) continue;
      if (!this.#player?.lastConnection.send(entry.message, Channel.Reliable)) break;
    }
    return next;
  }

  #load(name: string): void {
    this.#sceneName = name;
    this.#isLoading = true;
    const loaded = () => {
      this.#isLoading = false;
    };
    this.#server.loadScene(name).then(loaded, loaded);
  }
}
