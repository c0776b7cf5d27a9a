// A list of everybody that is larger than what a transport takes at once.
import { expect, test } from "vitest";
import { ConnectionStatus } from "../../lib/comms/index.js";
import { PacketWriter } from "../../lib/comms/wire/packet-writer.js";
import { contents, PacketType } from "../../lib/comms/wire/packets.js";
import type { ByteSegment } from "../../lib/peer/index.js";
import { GameNetwork } from "./custom-network.js";

/** A queue to one client, which refuses what it has no room for, and carries so many bytes a second. */
class Line {
  readonly #queue: Uint8Array[] = [];
  #bytes = 0;
  #credit = 0;
  refused = 0;
  largestBytes = 0;

  constructor(
    readonly limitBytes: number,
    readonly bytesPerMs: number,
  ) {}

  send(packet: ByteSegment): boolean {
    if (this.#bytes + packet.length > this.limitBytes) {
      this.refused++;
      return false;
    }
    this.#queue.push(packet.copy());
    this.#bytes += packet.length;
    this.largestBytes = Math.max(this.largestBytes, this.#bytes);
    return true;
  }

  /** What has arrived `ms` later. */
  *arrive(ms: number): Generator<Uint8Array> {
    this.#credit += ms * this.bytesPerMs;
    for (let next = this.#queue[0]; next && next.length <= this.#credit; next = this.#queue[0]) {
      this.#queue.shift();
      this.#bytes -= next.length;
      this.#credit -= next.length;
      yield next;
    }
    if (this.#queue.length === 0) this.#credit = 0;
  }
}

const codec = { codec: 0, frameSize: 960, sampleRate: 48_000 };
const none = new Uint8Array(0);
const longName = (name: string) => name.padEnd(60, "-");

/** A session of `count` clients that listen to 64 rooms each, whose connections are away, and Ben behind `line`. */
function largeSession(count: number, line: Line) {
  const game = new GameNetwork();
  const network = game.newNetwork("server").serve();
  const server = network.server as NonNullable<typeof network.server>;
  const packets = new PacketWriter();
  const ids = new Map<string, number>();
  let session = 0;
  const send = server as unknown as { sendReliable(to: string, packet: ByteSegment): boolean };
  send.sendReliable = (to, packet) => {
    session = new DataView(packet.buffer.buffer, packet.buffer.byteOffset).getUint32(packet.offset + 3, true);
    return to !== "Ben" || line.send(packet);
  };
  server.on("clientJoined", ({ name, id }) => ids.set(name, id));
  const setRoom = (name: string, room: string, isJoining: boolean) => {
    const value = { id: ids.get(name) as number, isJoining, room: longName(room) };
    const packet = packets.write(PacketType.DeltaClientState, session, contents.deltaClientState, value);
    server.networkPacketReceived(name, packet);
  };
  const join = (name: string) => {
    const hello = { version: 1, codec, name, salt: none, token: none };
    const packet = packets.write(PacketType.HandshakeRequest, 0, contents.handshakeRequest, hello);
    server.networkPacketReceived(name, packet);
  };
  for (let index = 0; index < count; index++) {
    join(`p${index}`);
    for (let room = 0; room < 64; room++) setRoom(`p${index}`, `room ${room}`, true);
    server.clientSuspended(`p${index}`);
  }
  const left: string[] = [];
  server.on("clientLeft", ({ name }) => left.push(name));
  const ben = game.newNetwork("Ben").join();
  const pass = (ms: number) => {
    for (const end = game.clock.now() + ms; game.clock.now() < end; game.clock.advance(10)) {
      for (const packet of line.arrive(10)) game.send("server", "Ben", packet, true);
      ben.update();
      network.update();
    }
  };
  const known = () => Object.fromEntries(ben.comms.players.map(({ name, rooms }) => [name, [...rooms].sort()]));
  const actual = () => Object.fromEntries(server.clients.map(({ name, rooms }) => [name, [...rooms].sort()]));
  return { ben, server, left, pass, join, setRoom, known, actual };
}

test("a list larger than a queue of 1 MiB is told in parts, and what changes meanwhile is known at the end", () => {
  const line = new Line(2 ** 20, 2000);
  const { actual, ben, join, known, left, pass, server, setRoom } = largeSession(300, line);
  pass(100);
  const toldNow = ben.comms.players.length;
  expect([toldNow > 10, toldNow < 200, ben.status]).toEqual([true, true, ConnectionStatus.Degraded]);
  server.clientDisconnected("p1"); // known to Ben already
  server.clientDisconnected("p298"); // not known yet
  for (const name of ["p2", "p297"]) setRoom(name, "room 5", false);
  join("Newcomer");
  setRoom("Newcomer", "room 1", true);
  pass(2000);
  expect(ben.status).toBe(ConnectionStatus.Connected);
  expect(known()).toEqual(actual());
  expect(Object.keys(known()).length).toBe(300); // and Ben, and the newcomer
  expect([left, line.refused]).toEqual([["p1", "p298"], 0]);
  // Room is left for what everybody is told.
  expect(line.largestBytes).toBeLessThan(2 ** 19);
});

test("a list goes on where the transport has taken no more of it", () => {
  const line = new Line(100_000, 100);
  const { actual, ben, known, left, pass } = largeSession(100, line);
  pass(20_000);
  expect(line.refused).toBeGreaterThan(0);
  expect(ben.status).toBe(ConnectionStatus.Connected);
  expect(known()).toEqual(actual());
  expect(left).toEqual([]);
});

test("who is away while it is being told, or says hello again, is told everything when it is back", () => {
  const line = new Line(2 ** 20, 2000);
  const { actual, ben, known, pass, server } = largeSession(100, line);
  pass(100);
  const client = ben.client as unknown as { transportLost(): void; transportReturned(): void };
  server.clientSuspended("Ben");
  client.transportLost();
  pass(500);
  expect(ben.status).toBe(ConnectionStatus.Degraded);
  server.clientDisconnected("p1");
  server.clientResumed("Ben");
  client.transportReturned();
  pass(2000);
  expect(ben.status).toBe(ConnectionStatus.Connected);
  expect(known()).toEqual(actual());
});
