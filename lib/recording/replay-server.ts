import type { Clock } from "../clock.js";
import { NetworkServer, type Protocol } from "../message/index.js";
import type { NetworkPlayer } from "../message/players/network-player.js";
import { Channel } from "../peer/index.js";
import type { MemorySocketFactory } from "../socket/index.js";
import type { RecordingHeader, RecordingStep } from "./recording-lines.js";

/** The client's player is none of those of the recording. */
const LAST_ID = 2 ** 32 - 2;
/** Nobody is lost who does not move for so long. */
const PEER = { encryption: null, keepAliveMs: 3_600_000, timeoutMs: 86_400_000 };

/** The server that a replay's client finds: it says what the recorded one has said, and the time that it had. */
export class ReplayServer {
  readonly #server: NetworkServer;
  #player: NetworkPlayer | null = null;
  #hasEnded = false;

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

  /** @param from of the messages of the step, the first that was not sent. @returns the next one that was not */
  send({ messages }: RecordingStep, from: number): number {
    let next = from;
    for (const message of messages?.slice(from) ?? []) {
      if (!this.#player?.lastConnection.send(message, Channel.Reliable)) break;
      next++;
    }
    return next;
  }
}
