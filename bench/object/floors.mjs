// What cannot be undercut: plain fields, copying memory, and the Peer with messages of the same size.
import { defineMessage, defineProtocol, NetworkClient, NetworkServer } from "../../dist/message/index.js";
import { bytesView } from "../../dist/serialization/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../dist/socket/index.js";
import { FakeClock } from "../../dist/testing/index.js";
import { quartiles, timeOf } from "./clock.mjs";

const PACKET_BYTES = 1100;

/** Fields of objects, written as 32-bit floats and nothing else. */
export function state({ objects = 1000, seconds = 1 }) {
  const [near, far] = [0, 1].map(() => Array.from({ length: objects }, () => ({ x: 0.5, y: 0.5 })));
  const view = new DataView(new ArrayBuffer(8 * objects));
  return quartiles((n) => {
    const set = timeOf(() => {
      for (let index = 0; index < objects; index++) {
        near[index].x = index + (n % 900);
        near[index].y = index - (n % 900);
      }
    });
    const encode = timeOf(() => {
      for (let index = 0; index < objects; index++) {
        view.setFloat32(8 * index, near[index].x, true);
        view.setFloat32(8 * index + 4, near[index].y, true);
      }
    });
    const decode = timeOf(() => {
      for (let index = 0; index < objects; index++) {
        far[index].x = view.getFloat32(8 * index, true);
        far[index].y = view.getFloat32(8 * index + 4, true);
      }
    });
    return { set: 1000 * set, encode: 1000 * encode, decode: 1000 * decode, bytes: 8 * objects };
  }, seconds);
}

/** Copies `bytes` bytes for each player, in packets. */
export function room({ players = 200, bytes = 9000, seconds = 1 }) {
  const source = new Uint8Array(bytes).fill(7);
  const arena = new Uint8Array(players * bytes);
  const copyAll = () => {
    for (let player = 0; player < players; player++) {
      for (let start = 0; start < bytes; start += PACKET_BYTES) {
        arena.set(source.subarray(start, Math.min(start + PACKET_BYTES, bytes)), player * bytes + start);
      }
    }
  };
  return quartiles(() => ({ send: timeOf(copyAll) }), seconds);
}

/** A server's tick with one message of `bytes` for each player. */
export async function tick({ players = 200, bytes = 120, seconds = 1 }) {
  const State = defineMessage("state", bytesView(2 * bytes));
  const clock = new FakeClock();
  const network = new MemoryNetwork({ clock });
  const common = () => ({
    protocol: defineProtocol({ name: "bench", version: 1, messages: [State] }),
    socketFactory: new MemorySocketFactory(network),
    clock,
    drive: "manual",
    peer: { encryption: null },
  });
  const server = new NetworkServer(common());
  await server.start();
  const clients = Array.from({ length: players }, () => new NetworkClient(common()));
  const body = new Uint8Array(bytes).fill(7);
  const callbacks = { onDelivered() {}, onLost() {} };
  const turn = () => {
    clock.advance(1000 / 60);
    const ms = timeOf(() => {
      server.updateReceive();
      for (const player of server.players) player.sendNotify(State, body, callbacks);
      server.updateSent();
    });
    for (const client of clients) {
      client.updateReceive();
      client.updateSent();
    }
    return ms;
  };
  for (const client of clients) client.messageHandler.register(State, () => {});
  const connected = Promise.all(clients.map((client) => client.connect()));
  for (let ticks = 0; !clients.every(({ isAuthenticated }) => isAuthenticated); ticks++) {
    if (ticks > 2000) throw new Error("The players did not come in");
    turn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await connected;
  return quartiles(() => ({ tick: turn() }), seconds);
}
