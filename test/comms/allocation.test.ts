// The server makes no garbage for a voice packet that it sends on. What the Peer makes, test/peer/allocations counts.
import { expect, test } from "vitest";
import type { Clock } from "../../lib/clock.js";
import {
  type BaseServer,
  type IConnection,
  MessageCommsNetwork,
  PeerCommsNetwork,
  type VoicePeer,
} from "../../lib/comms/index.js";
import { PacketWriter } from "../../lib/comms/wire/packet-writer.js";
import { contents, PacketType, WIRE_VERSION } from "../../lib/comms/wire/packets.js";
import { roomIdOf } from "../../lib/comms/wire/room-id.js";
import { VoiceTarget, writeVoiceHeader } from "../../lib/comms/wire/voice-packet.js";
import { defineProtocol } from "../../lib/message/index.js";
import type { MessageDispatcher } from "../../lib/message/message-dispatcher.js";
import type { NetworkPlayer } from "../../lib/message/players/network-player.js";
import { ByteSegment, Channel } from "../../lib/peer/index.js";
import { NetworkWriter } from "../../lib/serialization/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { bytesPerCall } from "../support/heap.js";
import { MessageWorld } from "../support/message-world.js";

const LISTENERS = 9;
/** A number is kept as an object where V8 does not know its type; one object takes 12 and more. */
const MAX_BYTES = 4;

const packets = new PacketWriter();
const codec = { codec: 0, frameSize: 960, sampleRate: 48_000 };
const hello = (name: string) =>
  packets.write(PacketType.HandshakeRequest, 0, contents.handshakeRequest, {
    version: WIRE_VERSION,
    codec,
    name,
    salt: new Uint8Array(0),
    token: new Uint8Array(0),
  });
const joining = (session: number, id: number) =>
  packets.write(PacketType.DeltaClientState, session, contents.deltaClientState, {
    id,
    isJoining: true,
    room: "lobby",
  });

/** A packet to `lobby` with a frame of 60 bytes. */
function voice(session: number, sender: number): ByteSegment {
  const writer = packets.begin(PacketType.VoiceData, session);
  const target = Object.assign(new VoiceTarget(), { target: roomIdOf("lobby") });
  writeVoiceHeader(writer, { sender, channelSession: 0, packetCounter: 0, frameCounter: 0 }, [target], 0);
  writer.writeBytes(new Uint8Array(60));
  return packets.end();
}

const segmentOf = (bytes: Uint8Array) => new ByteSegment().set(bytes, 0, bytes.length);

/** A clock whose times are made before. A speaker says something each 20 ms. */
class SteppingClock implements Clock {
  readonly #times: (number | null)[] = [null];
  #index = 1;

  constructor() {
    for (let step = 0; step < 100_000; step++) this.#times.push(step * 20 + 0.5);
  }

  advance(): void {
    this.#index++;
  }

  now(): number {
    return this.#times[this.#index] as number;
  }

  setTimeout(): null {
    return null;
  }

  clearTimeout(): void {}
}

/** The number of the session: it is in the first packet that a client gets. */
const sessionIn = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(3, true);

/** Makes these peers clients that listen to `lobby`. @returns the voice of the first */
function joinAll<TPeer>(server: BaseServer<TPeer>, peers: readonly TPeer[], firstPacket: () => Uint8Array): Uint8Array {
  for (const [index, peer] of peers.entries()) server.networkPacketReceived(peer, hello(`player ${index}`));
  const session = sessionIn(firstPacket());
  for (const { peer, id } of server.clients) server.networkPacketReceived(peer, joining(session, id));
  expect(server.clients.map(({ rooms }) => rooms.length)).toEqual(peers.map(() => 1));
  return voice(session, server.clients[0]?.id as number).copy();
}

test("over PeerCommsNetwork", () => {
  const clock = new SteppingClock();
  const network = new PeerCommsNetwork({ socketFactory: new MemorySocketFactory(new MemoryNetwork({ clock })), clock });
  network.runAsDedicatedServer();
  const server = network.server as BaseServer<VoicePeer>;
  let sent = 0;
  let first: Uint8Array | null = null;
  const send = (bytes: Uint8Array, _channel: Channel, _lane: number, offset: number, length: number) => {
    first ??= bytes.slice(offset, offset + length);
    sent++;
    return true;
  };
  const peers = Array.from({ length: LISTENERS + 1 }, () => ({ send }) as unknown as IConnection);
  const packet = segmentOf(joinAll(server, peers, () => first as unknown as Uint8Array));
  const forward = () => {
    clock.advance();
    server.networkPacketReceived(peers[0] as IConnection, packet);
  };
  sent = 0;
  forward();
  expect(sent).toBe(LISTENERS);
  expect(bytesPerCall(forward)).toBeLessThan(MAX_BYTES);
  expect(server.metrics.dropped).toBe(0);
});

test("over MessageCommsNetwork", async () => {
  const world = new MessageWorld({ protocol: defineProtocol({ name: "voice", version: 1, messages: [] }) });
  const clock = new SteppingClock();
  const network = new MessageCommsNetwork({ server: world.server, clock });
  await world.server.start();
  const ends = [];
  for (let index = 0; index <= LISTENERS; index++) ends.push(await world.join());
  await world.run(20);
  const server = network.server as unknown as BaseServer<NetworkPlayer>;
  let sent = 0;
  let first: Uint8Array | null = null;
  const players = world.server.players as NetworkPlayer[];
  for (const player of players) {
    player.lastConnection.send = (bytes, _channel, _lane, offset = 0, length = 0) => {
      first ??= bytes.slice(offset, offset + length);
      sent++;
      return true;
    };
  }
  // The packet is behind the message's number, 11 bits of length, and zeros up to a byte.
  const packet = joinAll(server, players, () => (first as unknown as Uint8Array).subarray(3));
  const writer = new NetworkWriter();
  const message = world.server.protocol.messages.find(({ name }) => name === "comms/voice");
  writer.writePacked(world.server.protocol.messages.indexOf(message as never));
  message?.codec.write(writer, segmentOf(packet));
  const segment = segmentOf(writer.toBytes());
  const handler = world.server.messageHandler as MessageDispatcher;
  const forward = () => {
    clock.advance();
    handler.receive(players[0] as NetworkPlayer, segment, Channel.Unreliable);
  };
  sent = 0;
  forward();
  expect(sent).toBe(LISTENERS);
  expect(bytesPerCall(forward)).toBeLessThan(MAX_BYTES);
  expect(server.metrics.dropped).toBe(0);
});
