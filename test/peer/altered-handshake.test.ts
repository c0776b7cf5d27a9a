import { describe, expect, test } from "vitest";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { PacketKind } from "../../lib/peer/packet-format.js";
import type { MemorySocketKind } from "../../lib/socket/index.js";
import { PeerWorld, text } from "../support/peer-world.js";

const primitives = nodePrimitives();
const key = generateServerKey(primitives);
const HANDSHAKE_TIMEOUT_MS = 1000;
/** The content of a request with Noise ends there; zeros follow. */
const REQUEST_END = 30 + 9 + 2 + 48;

/** Which packets of the handshake are altered, and where. */
interface Change {
  kind: PacketKind;
  bit: number;
  /** The first packet of the kind, or all of them. */
  count: "once" | "always";
}

/**
 * What becomes of a handshake in which a bit of a packet is altered: "connected" when both ends are and a message
 * arrives, else the code of the error.
 */
async function outcome(socket: MemorySocketKind, pinned: boolean, { kind, bit, count }: Change): Promise<string> {
  const server = { encryption: { primitives, serverKeys: [key.privateKey], required: false } };
  const world = new PeerWorld({ kind: socket, server });
  let isDone = false;
  world.tap = (packet) => {
    const at = bit >> 3;
    if (packet[0] !== kind || at >= packet.length || isDone) return;
    // The places are those of a request with its cookie.
    if (kind === PacketKind.ConnectRequest && socket === "datagram" && packet[29] === 0) return;
    isDone = count === "once";
    packet[at] = (packet[at] as number) ^ (1 << (bit & 7));
    // The sender keeps its own packet as it was.
    queueMicrotask(() => {
      packet[at] = (packet[at] as number) ^ (1 << (bit & 7));
    });
  };
  await world.listen();
  const encryption = pinned ? { primitives, serverKey: key.publicKey } : { primitives };
  const { connection } = world.dial({ encryption, handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS });
  await world.run(HANDSHAKE_TIMEOUT_MS + 100, 50);
  return connection.then(
    async (client) => {
      client.send(text("hello"));
      await world.run(100, 50);
      return `${world.serverHandler.texts}` === "hello" ? "connected" : "connected to nobody";
    },
    ({ code }) => code,
  );
}

const ERRORS = [
  "ERR_OTHER_PROTOCOL", // No answer was readable: it may be another program.
  "ERR_VERSION_MISMATCH",
  "ERR_PROFILE_MISMATCH",
  "ERR_PROTOCOL_MISMATCH",
  "ERR_INVALID_PACKET",
  "ERR_SERVER_KEY_MISMATCH",
  "ERR_HANDSHAKE_TIMEOUT",
];

describe.each([
  ["datagram", "a pinned key", true],
  ["datagram", "no key", false],
  ["reliable-lanes", "a pinned key", true],
] as const)("over %s, a client with %s", (socket, _key, pinned) => {
  const sizes = [
    [PacketKind.ConnectRequest, REQUEST_END],
    [PacketKind.Challenge, 18],
    [PacketKind.Accept, 9 + 15 + 48],
  ] as const;

  test.each(["once", "always"] as const)("is connected to its server, or hears why not: altered %s", async (count) => {
    const outcomes = new Set<string>();
    for (const [kind, size] of sizes) {
      for (let bit = 0; bit < size * 8; bit++) {
        const result = await outcome(socket, pinned, { kind, bit, count });
        if (result !== "connected" && !ERRORS.includes(result))
          expect.fail(`${PacketKind[kind]}, bit ${bit}: ${result}`);
        // The next Accept is the true one.
        if (kind === PacketKind.Accept && count === "once" && socket === "datagram") {
          expect(`${bit} ${result}`).toBe(`${bit} connected`);
        }
        outcomes.add(result);
      }
    }
    expect(outcomes.size).toBeGreaterThan(2);
  });
});
