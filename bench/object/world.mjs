// A server's world of objects with players, over sockets in memory, driven by hand on a clock that stands still between
// ticks. What the managers do is timed where they meet the layer of messages.
import { performance } from "node:perf_hooks";
import { defineProtocol, NetworkClient, NetworkServer } from "../../dist/message/index.js";
import { ClientObjectManager, ServerObjectManager } from "../../dist/object/index.js";
import { LatestSender } from "../../dist/object/server/latest-sender.js";
import { Layouts } from "../../dist/object/wire/layouts.js";
import {
  CallsMessage,
  KIND_BITS,
  LatestMessage,
  OrderedMessage,
  objectMessages,
  RecordKind,
} from "../../dist/object/wire/object-messages.js";
import { NetworkWriter } from "../../dist/serialization/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../dist/socket/index.js";
import { FakeClock } from "../../dist/testing/index.js";
import { timeOf } from "./clock.mjs";

export const TICK_RATE = 60;
const LAST = 1e9;

/** Says that it has applied everything, and keeps nothing: a player whose world nobody looks at. */
function spectate(client, layouts) {
  const body = new NetworkWriter();
  const calls = new NetworkWriter();
  let batches = 0;
  client.use({ messages: objectMessages(layouts) });
  client.messageHandler.register(LatestMessage, () => {});
  client.messageHandler.register(OrderedMessage, () => {
    body.reset();
    body.writePacked(++batches);
    calls.reset();
    calls.writeBits(RecordKind.Applied, KIND_BITS);
    calls.writePacked(body.bitLength);
    calls.copyFrom(body, 0, body.bitLength);
    calls.writeBits(RecordKind.End, KIND_BITS);
    client.send(CallsMessage, calls.view());
  });
}

/**
 * Times how long the changes of a tick take to be found, recorded for losses, and written once for all players.
 *
 * @returns what gives that of the last tick, in ms
 */
export function timeOfWriting() {
  const { beginTick, writeChanges } = LatestSender.prototype;
  let begunMs = 0;
  let tookMs = 0;
  LatestSender.prototype.beginTick = function (...parameters) {
    begunMs = performance.now();
    return beginTick.apply(this, parameters);
  };
  LatestSender.prototype.writeChanges = function () {
    writeChanges.call(this);
    tookMs = performance.now() - begunMs;
  };
  return () => tookMs;
}

export class World {
  clock = new FakeClock();
  /** How long the managers took in the last tick until everything was handed over, and the whole tick, in ms. */
  sendMs = 0;
  tickMs = 0;
  clients = [];
  /** The players that see the world, in the order of `clients`. */
  players = [];
  /** Reads latest state, as the first player's world. */
  receive = null;

  constructor({ prefabs, manager = {} }) {
    this.prefabs = prefabs;
    const network = new MemoryNetwork({ clock: this.clock });
    this.common = () => ({
      protocol: defineProtocol({ name: "bench", version: 1, messages: [] }),
      socketFactory: new MemorySocketFactory(network),
      clock: this.clock,
      drive: "manual",
      peer: { encryption: null, timeoutMs: LAST },
    });
    this.server = new NetworkServer({ ...this.common(), tickRate: TICK_RATE });
    this.server.use = (extension) => {
      const { beforeSend } = extension;
      const timed = () => {
        this.sendMs = timeOf(beforeSend);
      };
      return NetworkServer.prototype.use.call(this.server, { ...extension, beforeSend: timed });
    };
    this.objects = new ServerObjectManager(this.server, { prefabs, ...manager });
  }

  /** Adds players that see what there is. The first one has a world of its own, which `prepare` gets. */
  async join(count, prepare = () => {}) {
    const layouts = new Layouts(this.prefabs);
    const joining = Array.from({ length: count }, () => {
      const client = new NetworkClient(this.common());
      if (this.clients.length > 0) spectate(client, layouts);
      else prepare(this.#watch(client));
      this.clients.push(client);
      return client;
    });
    const connected = joining.map(async (client) => client.connect());
    await this.#until(() => joining.every(({ isAuthenticated }) => isAuthenticated));
    const ids = await Promise.all(connected);
    for (const { id } of ids) this.players.push(this.server.players.find((player) => player.id === id));
    for (let tick = 0; tick < 60; tick++) await this.turn();
  }

  async start() {
    await this.server.start();
  }

  async #until(holds) {
    for (let ticks = 0; !holds(); ticks++) {
      if (ticks > 2000) throw new Error("The players did not come in");
      await this.turn();
    }
  }

  /** A tick, and everything that does not wait for the clock. */
  async turn() {
    this.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }

  tick() {
    this.clock.advance(1000 / TICK_RATE);
    this.tickMs = timeOf(() => {
      this.server.updateReceive();
      this.server.updateSent();
    });
    for (const client of this.clients) {
      client.updateReceive();
      client.updateSent();
    }
  }

  /** Gives a client a world, and keeps what reads its latest state in `receive`. */
  #watch(client) {
    const { messageHandler } = client;
    const register = messageHandler.register.bind(messageHandler);
    messageHandler.register = (message, handler) => {
      if (message === LatestMessage) this.receive = handler;
      return register(message, handler);
    };
    return new ClientObjectManager(client, { prefabs: this.prefabs });
  }

  /** From now on latest state goes to `take(place of the player, bytes, callbacks)` in place of the network. */
  cut(take) {
    for (const [place, player] of this.players.entries()) {
      player.sendNotify = (_message, bytes, callbacks) => {
        take(place, bytes, callbacks);
        return true;
      };
    }
  }
}
