import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Channel } from "../../../lib/peer/channel.js";
import { type EndPoint, Simulation } from "./simulation.js";

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
