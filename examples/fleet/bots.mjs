// Players who move on and on, each in its room.
import { NetworkClient } from "valve-sockets/message";
import { RoomsClient } from "valve-sockets/rooms/client";
import { Move, newProtocol } from "./game.mjs";

/** A player: how many of its moves were acknowledged, and what is wrong with them. */
export class Bot {
  acknowledged = 0;
  suspensions = 0;
  faults = [];
  client;
  #rooms;
  /** From its room on, until it leaves: an attempt to connect may fail. */
  #isIn = false;
  #isOver = false;

  /** @param socketFactory how it connects */
  constructor(socketFactory) {
    this.client = new NetworkClient({
      protocol: newProtocol(),
      socketFactory,
      peer: { keepAliveMs: 400, timeoutMs: 3000, handshakeTimeoutMs: 1500 },
    });
    this.#rooms = new RoomsClient(this.client);
    this.client.on("suspended", () => this.suspensions++);
    this.client.on("disconnected", ({ text }) => this.#isIn && this.faults.push(`disconnected: ${text}`));
  }

  /** Whether it plays at this moment. */
  get isPlaying() {
    return this.client.isAuthenticated;
  }

  async join(port, room) {
    if (!this.isPlaying) await this.client.connect({ host: "127.0.0.1", port });
    if (this.#rooms.room?.id !== room) await this.#rooms.joinById(room);
    this.#isIn = true;
  }

  /** Moves every `pauseMs`, and checks each answer: nothing acknowledged is lost, nothing counts twice. */
  async play(pauseMs) {
    while (!this.#isOver && this.client.active) {
      const number = this.acknowledged + 1;
      try {
        const { counted } = await this.client.request(Move, { number }, { timeoutMs: 30_000, retry: true });
        if (counted !== number) this.faults.push(`${counted} moves are counted of ${number}`);
        this.acknowledged = number;
      } catch {
        // Its room was on its way. The same move is asked for again.
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  leave() {
    this.#isIn = false;
    this.#isOver = true;
    return this.client.disconnect();
  }
}
