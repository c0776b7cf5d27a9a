import { describe, expect, test } from "vitest";
import { defineMessage, defineProtocol } from "../../lib/message/index.js";
import type { MessageDispatcher } from "../../lib/message/message-dispatcher.js";
import type { NetworkPlayer } from "../../lib/message/players/network-player.js";
import { MessageEncoder } from "../../lib/message/protocol/encoder.js";
import { ByteSegment, Channel } from "../../lib/peer/index.js";
import { NetworkWriter, struct, u16 } from "../../lib/serialization/index.js";
import { bytesPerCall } from "../support/heap.js";
import { MessageWorld } from "../support/message-world.js";

const Position = defineMessage("position", struct({ x: u16, y: u16, z: u16 }));
const protocol = defineProtocol({ name: "allocation", version: 1, messages: [Position] });

describe("once warm", () => {
  test("a message that is received takes no heap but its object, and with `reuse` none", async () => {
    const world = new MessageWorld({ protocol, kind: "stream" });
    await world.server.start();
    const { player } = await world.join();
    const writer = new NetworkWriter();
    writer.writePacked(protocol.messages.indexOf(Position));
    Position.codec.write(writer, { x: 1, y: 2, z: 3 });
    const bytes = writer.toBytes();
    const segment = new ByteSegment().set(bytes, 0, bytes.length);
    const messageHandler = world.server.messageHandler as MessageDispatcher;
    let sum = 0;
    const add = ({ x }: { x: number }) => {
      sum += x;
    };
    const receive = () => messageHandler.receive(player as NetworkPlayer, segment, Channel.Reliable);
    messageHandler.register(Position, add);
    const object = bytesPerCall(receive);
    messageHandler.register(Position, add, { reuse: true });
    expect(bytesPerCall(receive)).toBeLessThan(1);
    // Three numbers of an object, and its header.
    expect(object).toBeLessThan(80);
    expect(sum).toBeGreaterThan(50_000);
  });

  test("a message that is serialised takes none", () => {
    const encoder = new MessageEncoder();
    const value = { x: 1, y: 2, z: 3 };
    expect(bytesPerCall(() => encoder.encode(9, Position, value))).toBeLessThan(1);
  });
});
