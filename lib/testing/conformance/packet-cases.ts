import { equalBytes } from "../../bytes.js";
import { Delivery, type IConnectionHandle, ReceivedPacket } from "../../socket/socket.js";
import { assertEqual, assertThat, errorOf } from "./assert.js";
import type { KeptPacket, SocketUser } from "./socket-user.js";
import type { SocketWorld } from "./socket-world.js";

/** A packet that contains its number, filled with bytes derived from it. */
export function numbered(number: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).map((_, index) => number + index * 7);
  if (sizeBytes >= 4) new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

const numberOf = ({ bytes }: KeptPacket) => new DataView(bytes.buffer).getUint32(0);

async function packetsOfEverySize(world: SocketWorld): Promise<void> {
  const { server, client, handle, serverHandle } = await world.pair();
  const max = Math.min(handle.maxPacketSize, serverHandle.maxPacketSize);
  const least = Math.min(world.factory.maxPacketSize, world.clientFactory.maxPacketSize);
  assertThat(max >= least, "all handles of a factory take packets of its maxPacketSize");
  for (const size of [1, 2, 3, 64, max >> 1, max - 1, max]) {
    for (const delivery of [Delivery.Unreliable, Delivery.Reliable]) {
      const bytes = numbered(size + delivery, size);
      await world.deliver(client, handle, server, [bytes], delivery);
      await world.deliver(server, serverHandle, client, [bytes], delivery);
    }
  }
}

async function sizesThatDoNotFit(world: SocketWorld): Promise<void> {
  const { client, handle } = await world.pair();
  const { maxPacketSize } = handle;
  const buffer = new Uint8Array(maxPacketSize + 1);
  const send = (bytes: Uint8Array, length: number) => () =>
    client.socket.send(handle, bytes, length, Delivery.Unreliable);
  assertEqual(errorOf(send(buffer, maxPacketSize + 1), "a packet too large").name, "RangeError", "the error");
  assertEqual(errorOf(send(buffer, 0), "an empty packet").name, "RangeError", "the error");
  assertEqual(errorOf(send(new Uint8Array(4), 5), "more than the buffer").name, "RangeError", "the error");
  assertEqual(errorOf(send(buffer, 1.5), "half a byte").name, "RangeError", "the error");
}

/** Like the `Buffer` of Node, whose `slice` does not copy. */
class SharingBytes extends Uint8Array {
  override slice(start?: number, end?: number): ReturnType<Uint8Array<ArrayBuffer>["slice"]> {
    return this.subarray(start, end) as Uint8Array<ArrayBuffer>;
  }
}

async function sentBytesAreCopied(world: SocketWorld): Promise<void> {
  const { server, client, handle } = await world.pair();
  const buffer = new SharingBytes(64);
  const filled = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
  const hasCome = (bytes: Uint8Array) => server.packets.some((packet) => equalBytes(packet.bytes, bytes));
  const isStrange = ({ bytes }: KeptPacket) => !filled.some((known) => equalBytes(bytes, known));
  const isDone = () => filled.every(hasCome) || server.packets.some(isStrange);
  let isSent = false;
  await world.until(isDone, "three packets from one buffer", () => {
    if (isSent && handle.reliable) return;
    for (const fill of [1, 2, 3]) client.socket.send(handle, buffer.fill(fill), 32, Delivery.Reliable);
    buffer.fill(99);
    isSent = true;
  });
  assertThat(!server.packets.some(isStrange), "packets have the bytes of the moment they were sent");
}

async function nothingToReceive(world: SocketWorld): Promise<void> {
  const { server, client } = await world.pair();
  await world.quiet();
  for (const { socket } of [server, client]) {
    assertEqual(socket.poll(), false, "poll() without packets");
    assertEqual(errorOf(() => socket.receive(new ReceivedPacket()), "receive").code, "ERR_NO_PACKET", "the code");
  }
}

async function capabilitiesAreTrue(world: SocketWorld): Promise<void> {
  const { server, client, handle, serverHandle } = await world.pair();
  for (const name of ["isStateful", "reliable", "ordered", "isTls", "transport", "maxPacketSize"] as const) {
    if (name === "maxPacketSize" && world.factory !== world.clientFactory) continue;
    assertEqual(serverHandle[name], handle[name], `${name} of the server's handle, as of the client's,`);
  }
  assertThat(["none", "encrypted", "authenticated"].includes(handle.security), "security is one of three");
  assertThat(handle.transport.length > 0, "the transport's name");
  assertThat(!handle.isTls || handle.security !== "none", "TLS encrypts");
  assertThat(handle.address.length > 0, "an address for logs");
  if (handle.ordered) await everythingInOneOrder(world, client, handle, server);
  else if (handle.reliable) await lanesInOrder(world, client, handle, server);
}

const MANY_PACKETS = 1200;

async function everythingInOneOrder(world: SocketWorld, from: SocketUser, handle: IConnectionHandle, to: SocketUser) {
  await sendMany(world, from, to, (number) =>
    from.send(handle, numbered(number, 40), number % 3 === 0 ? Delivery.Unreliable : Delivery.Reliable, number % 6),
  );
  assertEqual(to.packets.map(numberOf), range(MANY_PACKETS), "the order of all packets");
}

async function lanesInOrder(world: SocketWorld, from: SocketUser, handle: IConnectionHandle, to: SocketUser) {
  await sendMany(world, from, to, (number) => from.send(handle, numbered(number, 40), Delivery.Reliable, number % 6));
  assertEqual(
    to.packets.map(numberOf).sort((a, b) => a - b),
    range(MANY_PACKETS),
    "the set of reliable packets",
  );
  for (let lane = 0; lane < 6; lane++) {
    const numbers = to.packets.map(numberOf).filter((number) => number % 6 === lane);
    assertEqual(
      numbers,
      range(MANY_PACKETS).filter((number) => number % 6 === lane),
      `the order in lane ${lane}`,
    );
  }
}

const range = (end: number) => Array.from({ length: end }, (_, index) => index);

async function sendMany(world: SocketWorld, from: SocketUser, to: SocketUser, send: (number: number) => boolean) {
  let number = 0;
  await world.until(
    () => to.packets.length >= MANY_PACKETS,
    `${MANY_PACKETS} packets from ${world.users.indexOf(from)}`,
    () => {
      while (number < MANY_PACKETS && send(number)) number++;
    },
  );
  await world.quiet();
}

/** A reader that does not read: memory is bounded, and the way is free again when it reads. */
async function fullQueues(world: SocketWorld): Promise<void> {
  const { server, client, handle } = await world.pair();
  server.isReading = false;
  const sizeBytes = Math.min(handle.maxPacketSize, 1200);
  if (!handle.reliable) {
    for (let number = 0; number < 20_000; number++)
      client.send(handle, numbered(number, sizeBytes), Delivery.Unreliable);
    await world.quiet();
    server.isReading = true;
    await world.quiet();
    await world.deliver(client, handle, server, [numbered(1_000_000, sizeBytes)]);
    return;
  }
  const mostBytes = 256 * 2 ** 20;
  let sent = 0;
  const isFull = () => {
    for (let burst = 0; burst < 100; burst++) {
      if (!client.send(handle, numbered(sent, sizeBytes), Delivery.Reliable)) return true;
      sent++;
    }
    return false;
  };
  // The transport may still be moving packets on, so it has to stay full for a while.
  let fullLooks = 0;
  const look = () => {
    fullLooks = isFull() ? fullLooks + 1 : 0;
    assertThat(sent * sizeBytes < mostBytes, `send refuses packets before ${mostBytes} bytes wait for a reader`);
  };
  await world.until(() => fullLooks >= 20, "send refuses packets", look);
  assertThat(handle.bufferedBytes > 0, "bufferedBytes of a full handle is over 0");
  client.writable.length = 0;
  server.isReading = true;
  await world.until(() => client.writable.includes(handle), "onWritable after a refused packet");
  await world.until(() => server.packets.length >= sent, "all packets that were taken");
  await world.until(() => handle.bufferedBytes === 0, "bufferedBytes goes back to 0");
  assertEqual(server.packets.map(numberOf), range(sent), "the packets received");
  assertThat(client.send(handle, numbered(sent, sizeBytes), Delivery.Reliable), "a writable handle takes a packet");
  await world.until(() => server.packets.length > sent, "a packet after that");
}

/** `onReadable` wakes a user that does nothing on its own, once until it calls `tick`. */
async function wakesItsUser(world: SocketWorld): Promise<void> {
  const { server, client, handle, serverHandle } = await world.pair();
  await world.quiet();
  server.readableCalls = 0;
  const bytes = numbered(5, 16);
  for (let tries = 0; tries < 50 && server.readableCalls === 0; tries++) {
    client.send(handle, bytes, Delivery.Reliable);
    client.send(handle, bytes, Delivery.Reliable);
    client.call("flush", (socket) => socket.flush());
    await world.idle();
  }
  assertEqual(server.readableCalls, 1, "the number of calls of onReadable before a tick");
  server.update();
  assertThat(server.packets.length > 0, "packets at the first update after onReadable");
  assertThat(
    server.packets.every((packet) => equalBytes(packet.bytes, bytes)),
    "the packets that were sent",
  );
  client.packets.length = 0;
  await world.deliver(server, serverHandle, client, [bytes]);
}

export const packetCases = {
  "packets of every size travel both ways": packetsOfEverySize,
  "a packet that does not fit is a RangeError": sizesThatDoNotFit,
  "send copies the bytes": sentBytesAreCopied,
  "without packets poll says no and receive throws": nothingToReceive,
  "the capabilities of a handle are true": capabilitiesAreTrue,
  "full queues are bounded, and writable again": fullQueues,
  "onReadable comes once until tick": wakesItsUser,
};
