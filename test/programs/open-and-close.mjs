// Opens and closes connections, a message on each: one of four comes in by IP over 127.0.0.1, the others are the ends
// of socket pairs, half of them through the network. Prints the resident memory in bytes again and again.
//
// GNS keeps what was closed for up to 5 seconds and has room for 8191, so that 1600 a second is the most there can be.
// With `restarts` the library starts anew before each reading, which makes room at once.
import { Address, ConnectionState, Library, NetworkingSockets, SendType } from "../../dist/index.js";

const [driver, countText, checkpointsText, restarts] = process.argv.slice(2);
const [count, checkpoints] = [Number(countText), Number(checkpointsText)];
const READINGS = 5;
const AT_ONCE = 64;
const BACK_OFF_MS = 20;
const payload = new Uint8Array(200);
let opened = 0;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The median of some readings, after a garbage collection each. */
async function printMemory() {
  const sizes = [];
  for (let reading = 0; reading < READINGS; reading++) {
    await wait(1);
    gc();
    sizes.push(process.memoryUsage().rss);
  }
  console.log(`resident ${sizes.sort((a, b) => a - b)[READINGS >> 1]}`);
}

class World {
  server = new NetworkingSockets();
  client = new NetworkingSockets();
  /** IP connections from the connect to their last event. */
  waiting = new Set();

  constructor() {
    const { server, client } = this;
    const address = new Address();
    address.setIPv4("127.0.0.1", 0);
    const listener = server.createListenSocket(address);
    this.target = server.getListenSocketAddress(listener);
    server.onReadable(() => {
      server.dispatchCallbacks(({ connection, connectionInfo: { state } }) => {
        if (state === ConnectionState.Connecting) server.acceptConnection(connection);
        if (state >= ConnectionState.ClosedByPeer) server.closeConnection(connection);
      });
      for (const message of server.receiveMessagesOnListenSocket(listener, 1000) ?? []) message.destroy();
    });
    client.onReadable(() =>
      client.dispatchCallbacks(({ connection, connectionInfo: { state } }) => {
        if (!this.waiting.has(connection)) return;
        if (state === ConnectionState.Connected) {
          client.sendMessageToConnection(connection, payload, SendType.Reliable);
          client.closeConnection(connection, 1, "done", connection % 3 === 0);
        } else if (state >= ConnectionState.ClosedByPeer) {
          client.closeConnection(connection);
        } else if (state === ConnectionState.None) {
          this.waiting.delete(connection);
        }
      }),
    );
  }

  /** Two ends. False: there is no room. */
  openTwo(number) {
    const { client } = this;
    if (number % 4 === 0) {
      const connection = client.connect(this.target);
      if (connection !== 0) this.waiting.add(connection);
      return connection !== 0;
    }
    const pair = client.createSocketPair(number % 2 === 0);
    if (pair === null) return false;
    client.sendMessageToConnection(pair.connectionOne, payload, SendType.Reliable);
    // Some are closed with what nobody has read.
    const messages = number % 3 === 0 ? client.receiveMessagesOnConnection(pair.connectionTwo, 9) : [];
    for (const message of messages) message.destroy();
    client.closeConnection(pair.connectionOne);
    client.closeConnection(pair.connectionTwo);
    return true;
  }

  async open(end) {
    while (opened < end) {
      const hasPlace = this.waiting.size < AT_ONCE;
      if (hasPlace && this.openTwo(opened / 2)) opened += 2;
      else await wait(hasPlace ? BACK_OFF_MS : 1);
      if (opened % 64 === 0) await wait(0);
    }
  }

  async end() {
    while (this.waiting.size > 0) await wait(1);
    this.server.destroy();
    this.client.destroy();
  }
}

const start = () => {
  if (!Library.initialize({ driver })) throw Library.lastError;
  return new World();
};
let world = start();
for (let index = 1; index <= checkpoints; index++) {
  await world.open(Math.floor((count * index) / checkpoints));
  if (restarts) {
    await world.end();
    Library.deinitialize();
  }
  await printMemory();
  if (restarts) world = start();
}
await world.end();
const { connections, listenSockets, lingering } = Library.statistics;
console.log(`left ${connections + listenSockets + lingering}`);
Library.deinitialize();
