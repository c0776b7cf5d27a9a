import { expect, test } from "vitest";
import {
  type HandshakePattern,
  HandshakeRole,
  HandshakeState,
  PacketOpener,
  PacketSealer,
} from "../../lib/noise/index.js";
import { nativePrimitives } from "../../lib/noise/native-primitives.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import file from "./vectors.json" with { type: "json" };

const fromHex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("the vectors cover both patterns with both ciphers", () => {
  expect(file.vectors.map(({ protocol_name }) => protocol_name).sort()).toEqual([
    "Noise_NK_25519_AESGCM_SHA256",
    "Noise_NK_25519_ChaChaPoly_SHA256",
    "Noise_NN_25519_AESGCM_SHA256",
    "Noise_NN_25519_ChaChaPoly_SHA256",
  ]);
});

const nativeVectors = file.vectors.filter(({ protocol_name }) => protocol_name.includes("AESGCM"));
const cases = [
  ...file.vectors.map((vector) => ({ ...vector, from: "node:crypto", aeadOf: nodePrimitives })),
  ...nativeVectors.map((vector) => ({ ...vector, from: "the addon", aeadOf: nativePrimitives })),
];

test.each(cases)("$protocol_name by $from", ({ aeadOf, ...vector }) => {
  const [, pattern, , cipher] = vector.protocol_name.split("_") as [string, HandshakePattern, string, "AESGCM"];
  const end = (role: HandshakeRole, ephemeral: string, prologue: string) => {
    const portable = nodePrimitives({ cipher, randomBytes: () => fromHex(ephemeral) });
    const primitives = { ...portable, aeadKey: aeadOf({ cipher }).aeadKey };
    const remoteKey = vector.init_remote_static && { remoteKey: fromHex(vector.init_remote_static) };
    const staticKey = vector.resp_static && { staticKey: primitives.keyPair(fromHex(vector.resp_static)) };
    const keys = role === HandshakeRole.Initiator ? remoteKey : staticKey;
    const handshake = new HandshakeState({ primitives, pattern, role, prologue: fromHex(prologue), ...(keys || {}) });
    return { primitives, handshake };
  };
  const initiator = end(HandshakeRole.Initiator, vector.init_ephemeral, vector.init_prologue);
  const responder = end(HandshakeRole.Responder, vector.resp_ephemeral, vector.resp_prologue);

  const exchange = [
    [initiator, responder],
    [responder, initiator],
  ] as const;
  for (const [index, [from, to]] of exchange.entries()) {
    const { payload = "", ciphertext } = vector.messages[index] ?? {};
    const message = from.handshake.writeMessage(fromHex(payload));
    expect(toHex(message)).toBe(ciphertext);
    expect(toHex(to.handshake.readMessage(message))).toBe(payload);
  }

  const keys = exchange.map(([from]) => from.handshake.split());
  for (const { handshakeHash } of keys) expect(toHex(handshakeHash)).toBe(vector.handshake_hash);
  const directions = exchange.map(([from, to]) => ({
    sealer: new PacketSealer(from.primitives, from.handshake.split().sendKey),
    opener: new PacketOpener(to.primitives, to.handshake.split().receiveKey),
  }));
  const packets = vector.messages.slice(2);
  expect(packets).toHaveLength(4);
  for (const [index, { payload, ciphertext }] of packets.entries()) {
    const { sealer, opener } = directions[index % 2] as (typeof directions)[number];
    const counter = Math.floor(index / 2);
    const buffer = new Uint8Array(ciphertext.length / 2);
    buffer.set(fromHex(payload));
    expect(sealer.seal(counter, buffer, 0, 0, payload.length / 2)).toBe(buffer.length);
    expect(toHex(buffer)).toBe(ciphertext);
    const end = opener.open(counter, buffer, 0, 0, buffer.length);
    expect(toHex(buffer.subarray(0, end))).toBe(payload);
  }
});
