import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Channel } from "../../../lib/peer/channel.js";
import { TAG_BYTES } from "../../../lib/peer/packet-format.js";
import type { PacketSeal } from "../../../lib/peer/profile.js";
import { PathValidation } from "../../../lib/peer/raw-udp/path-validation.js";
import { ReceivedPacket } from "../../../lib/socket/index.js";
import { HostHandle } from "../../support/roaming-network.js";
import { EndPoint, Simulation } from "./simulation.js";

const page = readFileSync(new URL("../../../docs/wire-format.md", import.meta.url), "utf8");
const section = page.slice(page.indexOf("### Data packets"));
const vectors = [...section.matchAll(/^\| ([^|]+) \| `([0-9a-f ]+)` \|$/gm)].map(
  ([, name, hex]) => [name as string, (hex as string).replaceAll(" ", "")] as const,
);

const bytes = (text: string) => new TextEncoder().encode(text);

/** What has to be done for each packet. The time is 0. */
const actions: Record<string, (endPoint: EndPoint) => void> = {
  "Ping, the first": ({ profile }) => profile.ping(),
  "`hello` on lane 0": (endPoint) => endPoint.reliable(0, bytes("hello")),
  "`s` sequenced on lane 2": (endPoint) => endPoint.send(Channel.Sequenced, 2, bytes("s")),
  "`a` and the empty message on lane 5, `b` unreliable, `c` as notify, `d` on lane 4": (endPoint) => {
    endPoint.reliable(4, bytes("d"));
    endPoint.send(Channel.Unreliable, 0, bytes("b"));
    endPoint.send(Channel.Notify, 0, bytes("c"));
    endPoint.reliable(5, bytes("a"));
    endPoint.reliable(5, bytes(""));
  },
  "Close, code 7, text `bye`": ({ profile }) => profile.close({ code: 7, text: "bye" }, 0),
  "Ack of 0, 1 and 5, held back for 3 ms": (endPoint) => {
    for (const number of [0, 1, 5]) endPoint.receive(ping(number), 0);
    endPoint.profile.respond(3);
  },
  "Ack of 1000 after 900 to 998, at once": (endPoint) => {
    for (let number = 900; number <= 998; number++) endPoint.receive(ping(number), 0);
    endPoint.receive(ping(1000), 0);
    endPoint.profile.respond(0);
  },
};

function ping(number: number): Uint8Array {
  const packet = Uint8Array.from([16, 0x42, 0xde, 0xca, 0xde, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  new DataView(packet.buffer).setUint32(5, number, true);
  return packet;
}

test("every vector of the page has an action here", () => {
  expect(vectors.map(([name]) => name)).toEqual(Object.keys(actions));
});

test.each(vectors)("%s", (name, hex) => {
  const simulation = new Simulation();
  const [near, far] = simulation.pair({});
  const packets: string[] = [];
  near.onTransmit = (packet) => packets.push(Buffer.from(packet).toString("hex"));
  actions[name]?.(near);
  near.profile.flush(0);
  expect(packets).toEqual([hex]);
  // The other side can read it.
  near.profile.flush(100);
  if (!name.startsWith("Ack")) far.receive(Buffer.from(hex, "hex"), 0);
  expect([far.malformedText, far.metrics.strayPackets]).toEqual([null, 0]);
});

test("a path is asked and answers, as the page has it", () => {
  const path = page.slice(page.indexOf("### Another address"), page.indexOf("### Data packets"));
  const expected = [...path.matchAll(/^\| Path[^|]+ \| `([0-9a-f ]+)` \|$/gm)].map(([, hex]) =>
    hex?.replaceAll(" ", ""),
  );
  expect(expected).toHaveLength(2);
  // Encrypts nothing, and has a tag of zeros.
  const seal: PacketSeal = {
    seal: (_number, buffer, _start, _headerBytes, end) => buffer.fill(0, end, end + TAG_BYTES) && end + TAG_BYTES,
    open: (_number, _buffer, _start, _headerBytes, end) => end - TAG_BYTES,
  };
  const sent: string[] = [];
  const hex = (packet: Uint8Array) => Buffer.from(packet.subarray(0, packet.length - TAG_BYTES)).toString("hex");
  const elsewhere = new HostHandle("10.0.0.1:2");
  const paths = new PathValidation(
    {
      handle: new HostHandle("10.0.0.1:1"),
      onPacketFromElsewhere: () => {},
      transmitTo: (_handle, packet) => {
        sent.push(hex(packet));
        far.receive(packet.slice(), 0);
      },
      moveTo: () => {},
    },
    () => Uint8Array.from({ length: 8 }, (_, index) => 0xa0 + index),
  );
  const [near, far] = new Simulation().pair({}, {}, { seal });
  const server = new EndPoint(new Simulation(), { seal, paths });
  far.onTransmit = (packet) => sent.push(hex(packet));
  const packet = new ReceivedPacket();
  packet.handle = elsewhere;
  near.onTransmit = (bytes) => {
    packet.buffer = bytes;
    packet.length = bytes.length;
  };
  near.profile.ping();
  near.profile.flush(0);
  expect(server.profile.receiveFromElsewhere(packet, 0)).toBe(true);
  expect(sent).toEqual(expected);
  expect([far.malformedText, server.malformedText]).toEqual([null, null]);
});

test("a challenge or an answer that is not alone in its packet, or not sealed, is malformed", () => {
  const frames = [
    "06a0a1a2a3a4a5a6a701",
    "07a0a1a2a3a4a5a6a700",
    "06a0a1a2a3a4a5a6",
    "0600000000000000000600000000000000000000",
  ];
  for (const [index, hex] of [...frames, "06a0a1a2a3a4a5a6a7", "07a0a1a2a3a4a5a6a7"].entries()) {
    const seal: PacketSeal = {
      seal: (_number, _buffer, _start, _headerBytes, end) => end,
      open: (_n, _b, _s, _h, end) => end,
    };
    const [near] = new Simulation().pair({}, {}, index < frames.length ? { seal } : {});
    near.receive(Buffer.from(`1042decade00000000${hex}`, "hex"), 0);
    expect([hex, near.malformedText]).toEqual([hex, `Malformed frame of kind ${Number(hex.slice(1, 2))}`]);
  }
});

const fragments = page.slice(page.indexOf("### Fragments"), page.indexOf("### Data packets"));
const cuts = [...fragments.matchAll(/^\| (\d+) bytes of `(\w\w)`, (\w+).* \| (.+) \|$/gm)].map((match) => {
  const [, size, byte = "", channel = "", cell = ""] = match;
  const frames = [...cell.matchAll(/`([0-9a-f ]+)` and (\d+) times `(\w\w)`/g)].map(
    ([, head = "", times, repeated = ""]) => head.replaceAll(" ", "") + repeated.repeat(Number(times)),
  );
  return { size: Number(size), byte: Number.parseInt(byte, 16), channel, frames };
});
const channels: Record<string, Channel> = {
  unreliable: Channel.Unreliable,
  sequenced: Channel.Sequenced,
  as: Channel.Notify,
};

test.each(cuts)("$size bytes are cut: $channel", ({ size, byte, channel, frames }) => {
  const [near, far] = new Simulation().pair({});
  let sent = "";
  near.onTransmit = (packet) => {
    sent += Buffer.from(packet.subarray(9)).toString("hex");
    far.receive(packet, 0);
  };
  near.send(channels[channel] as Channel, 3, new Uint8Array(1200));
  near.profile.flush(0);
  const received: Uint8Array[] = [];
  far.onMessage = (_channel, _lane, message) => received.push(message);
  sent = "";
  near.send(channels[channel] as Channel, 3, new Uint8Array(size).fill(byte));
  near.profile.flush(0);
  expect(sent).toBe(frames.join(""));
  expect(received).toEqual([new Uint8Array(size).fill(byte)]);
});

test("the page cuts a message of each channel", () => {
  expect(cuts.map(({ frames }) => frames.length)).toEqual([2, 3, 2]);
});

test("numbers and offsets travel as their low 32 bits", () => {
  const simulation = new Simulation();
  const [near] = simulation.pair({}, {}, { firstNumber: 2 ** 40 + 0x01020304 });
  let packet = "";
  near.onTransmit = (sent) => {
    packet = Buffer.from(sent).toString("hex");
  };
  near.reliable(3, bytes("x"));
  near.profile.flush(0);
  expect(packet).toBe("1042decade" + "04030201" + "13" + "04030201" + "08" + "04" + "78");
});
