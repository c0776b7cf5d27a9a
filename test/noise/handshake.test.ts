import { describe, expect, test } from "vitest";
import { HandshakePattern, type HandshakeState } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { bytes, errorCode, handshakePair, keyPair, noBytes } from "./handshake-pair.js";

const patterns = Object.values(HandshakePattern);
const ciphers = ["AESGCM", "ChaChaPoly"] as const;

/** The second message is always checked; whether the first one is, the pattern decides. */
function finish({ initiator, responder }: ReturnType<typeof handshakePair>, alter = (message: Uint8Array) => message) {
  responder.readMessage(alter(initiator.writeMessage(bytes("hello"))));
  return initiator.readMessage(responder.writeMessage(bytes("welcome")));
}

describe.each(patterns)("%s", (pattern) => {
  test.each(ciphers)("both ends have the same keys and the same hash with %s", (cipher) => {
    const { initiator, responder } = handshakePair({ pattern, primitives: nodePrimitives({ cipher }) });
    expect(responder.readMessage(initiator.writeMessage(bytes("hello")))).toEqual(bytes("hello"));
    expect([initiator.isFinished, responder.isFinished]).toEqual([false, false]);
    expect(initiator.readMessage(responder.writeMessage(bytes("welcome")))).toEqual(bytes("welcome"));
    expect([initiator.isFinished, responder.isFinished]).toEqual([true, true]);
    const [ours, theirs] = [initiator.split(), responder.split()];
    expect(ours.sendKey).toEqual(theirs.receiveKey);
    expect(ours.receiveKey).toEqual(theirs.sendKey);
    expect(ours.sendKey).not.toEqual(ours.receiveKey);
    expect(ours.handshakeHash).toEqual(theirs.handshakeHash);
  });

  test("every handshake has keys and a hash of its own", () => {
    const results = [0, 1].map(() => {
      const pair = handshakePair({ pattern });
      finish(pair);
      return pair.initiator.split();
    });
    expect(results[0]?.sendKey).not.toEqual(results[1]?.sendKey);
    expect(results[0]?.handshakeHash).not.toEqual(results[1]?.handshakeHash);
  });

  test("any altered byte of the first message ends it with a code", () => {
    const codes = new Set<string | null>();
    for (let index = 0; index < 32 + 5 + (pattern === HandshakePattern.NK ? 16 : 0); index++) {
      codes.add(errorCode(() => finish(handshakePair({ pattern }), (message) => flipped(message, index))));
    }
    expect([...codes]).toEqual(["ERR_NOISE_DECRYPT"]);
  });

  test("no altered second message is read, and the true one still is", () => {
    const { initiator, responder } = handshakePair({ pattern });
    responder.readMessage(initiator.writeMessage(noBytes));
    const message = responder.writeMessage(bytes("welcome"));
    expect(message).toHaveLength(32 + 7 + 16);
    for (let bit = 0; bit < message.length * 8; bit++) {
      const forged = flipped(message, bit >> 3, 1 << (bit & 7));
      expect(errorCode(() => initiator.readMessage(forged))).toBe("ERR_NOISE_DECRYPT");
    }
    expect(initiator.readMessage(message)).toEqual(bytes("welcome"));
    expect(initiator.split().sendKey).toEqual(responder.split().receiveKey);
  });

  test("messages of any wrong length are refused", () => {
    const { initiator, responder } = handshakePair({ pattern });
    const first = initiator.writeMessage(noBytes);
    for (const sizeBytes of [0, 1, 31, 65_536, 1_000_000]) {
      expect(errorCode(() => responder.readMessage(new Uint8Array(sizeBytes)))).toBe("ERR_NOISE_MESSAGE");
    }
    for (let sizeBytes = 32; sizeBytes < first.length; sizeBytes++) {
      expect(errorCode(() => responder.readMessage(first.subarray(0, sizeBytes)))).toBe("ERR_NOISE_DECRYPT");
    }
    responder.readMessage(first);
    const second = responder.writeMessage(noBytes);
    for (let sizeBytes = 0; sizeBytes < second.length; sizeBytes++) {
      const expected = sizeBytes < 32 ? "ERR_NOISE_MESSAGE" : "ERR_NOISE_DECRYPT";
      expect(errorCode(() => initiator.readMessage(second.subarray(0, sizeBytes)))).toBe(expected);
    }
    expect(errorCode(() => initiator.readMessage(new Uint8Array([...second, 0])))).toBe("ERR_NOISE_DECRYPT");
    initiator.readMessage(second);
  });

  test("the longest payload goes through and one byte more is refused", () => {
    const payload = new Uint8Array(65_535 - 64).fill(1);
    const { initiator, responder } = handshakePair({ pattern });
    expect(() => initiator.writeMessage(new Uint8Array(payload.length + 1))).toThrow(RangeError);
    expect(responder.readMessage(initiator.writeMessage(payload))).toEqual(payload);
  });

  test("another prologue ends it", () => {
    expect(errorCode(() => finish(handshakePair({ pattern, initiatorPrologue: bytes("other") })))).toBe(
      "ERR_NOISE_DECRYPT",
    );
    expect(errorCode(() => finish(handshakePair({ pattern, initiatorPrologue: noBytes })))).toBe("ERR_NOISE_DECRYPT");
  });

  test("another cipher ends it", () => {
    const { responder } = handshakePair({ pattern });
    const { initiator } = handshakePair({ pattern, primitives: nodePrimitives({ cipher: "ChaChaPoly" }) });
    expect(errorCode(() => finish({ initiator, responder }))).toBe("ERR_NOISE_DECRYPT");
  });

  test("a replayed first message gives the replayer nothing that it can use", () => {
    const { initiator, responder } = handshakePair({ pattern });
    const first = initiator.writeMessage(bytes("hello"));
    responder.readMessage(first);
    initiator.readMessage(responder.writeMessage(noBytes));
    const { responder: second } = handshakePair({ pattern });
    expect(second.readMessage(first)).toEqual(bytes("hello"));
    const answer = second.writeMessage(noBytes);
    expect(second.split().receiveKey).not.toEqual(responder.split().receiveKey);
    expect(second.split().handshakeHash).not.toEqual(initiator.split().handshakeHash);
    const { initiator: other } = handshakePair({ pattern });
    other.writeMessage(bytes("hello"));
    expect(errorCode(() => other.readMessage(answer))).toBe("ERR_NOISE_DECRYPT");
  });

  test("calls out of turn are refused and change nothing", () => {
    const { initiator, responder } = handshakePair({ pattern });
    const refused = (handshake: HandshakeState, ...names: ("readMessage" | "writeMessage" | "split")[]) => {
      for (const name of names) expect(errorCode(() => handshake[name](new Uint8Array(48)))).toBe("ERR_NOISE_STATE");
    };
    refused(initiator, "readMessage", "split");
    refused(responder, "writeMessage", "split");
    const first = initiator.writeMessage(noBytes);
    refused(initiator, "writeMessage", "split");
    responder.readMessage(first);
    refused(responder, "readMessage", "split");
    initiator.readMessage(responder.writeMessage(noBytes));
    refused(initiator, "readMessage", "writeMessage");
    refused(responder, "readMessage", "writeMessage");
    expect(initiator.split().sendKey).toEqual(responder.split().receiveKey);
  });

  test("messages may lie in memory that is reused", () => {
    const { initiator, responder } = handshakePair({ pattern });
    const received = Buffer.from(initiator.writeMessage(noBytes));
    const payload = responder.readMessage(received);
    received.fill(0);
    initiator.readMessage(responder.writeMessage(payload));
    expect(initiator.split().sendKey).toEqual(responder.split().receiveKey);
  });
});

/**
 * Points of which every multiple by a private key is zero: 0, 1, -1, 0 and 1 with the prime added, and those of order
 * 8.
 */
const smallOrder = [
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
];

describe.each(smallOrder)("the key %s", (hex) => {
  const point = new Uint8Array(Buffer.from(hex, "hex"));

  test("is refused from a server", () => {
    const { initiator, responder } = handshakePair({ pattern: HandshakePattern.NN });
    responder.readMessage(initiator.writeMessage(noBytes));
    const forged = responder.writeMessage(noBytes);
    forged.set(point);
    expect(errorCode(() => initiator.readMessage(forged))).toBe("ERR_NOISE_KEY");
  });

  test("is refused from a client", () => {
    const message = new Uint8Array([...point, ...new Uint8Array(16)]);
    const { responder: nk } = handshakePair({ pattern: HandshakePattern.NK });
    expect(errorCode(() => nk.readMessage(message))).toBe("ERR_NOISE_KEY");
    const { responder: nn } = handshakePair({ pattern: HandshakePattern.NN });
    nn.readMessage(message);
    expect(errorCode(() => nn.writeMessage(noBytes))).toBe("ERR_NOISE_KEY");
  });

  test("is refused as a pinned key", () => {
    const { initiator } = handshakePair({ pattern: HandshakePattern.NK, pinnedKey: point });
    expect(errorCode(() => initiator.writeMessage(noBytes))).toBe("ERR_NOISE_KEY");
  });
});

test("primitives that give a zero secret instead of an exception are caught too", () => {
  const primitives = nodePrimitives();
  const zero = { ...primitives, generateKeyPair: () => ({ ...keyPair(1), diffieHellman: () => new Uint8Array(32) }) };
  const { initiator } = handshakePair({ pattern: HandshakePattern.NK, primitives: zero });
  expect(errorCode(() => initiator.writeMessage(noBytes))).toBe("ERR_NOISE_KEY");
});

test("NK without its key is a programmer's error", () => {
  const pinnedKey = new Uint8Array(31);
  expect(() => handshakePair({ pattern: HandshakePattern.NK, pinnedKey })).toThrow(RangeError);
});

test("NK: with another server key pinned, the server cannot read the first message", () => {
  const { initiator, responder } = handshakePair({ pattern: HandshakePattern.NK, pinnedKey: keyPair(9).publicKey });
  const first = initiator.writeMessage(noBytes);
  expect(errorCode(() => responder.readMessage(first))).toBe("ERR_NOISE_DECRYPT");
});

test("NK: who has not the private key cannot answer", () => {
  const { initiator } = handshakePair({ pattern: HandshakePattern.NK });
  const { responder: impostor } = handshakePair({ pattern: HandshakePattern.NN });
  impostor.readMessage(initiator.writeMessage(noBytes));
  const answer = impostor.writeMessage(noBytes);
  expect(errorCode(() => initiator.readMessage(answer))).toBe("ERR_NOISE_DECRYPT");
});

test("NK: the payload of the first message is not in the clear, in NN it is", () => {
  const secret = "0123456789";
  const seen = (pattern: HandshakePattern) =>
    Buffer.from(handshakePair({ pattern }).initiator.writeMessage(bytes(secret))).includes(secret);
  expect(seen(HandshakePattern.NK)).toBe(false);
  expect(seen(HandshakePattern.NN)).toBe(true);
});

function flipped(message: Uint8Array, index: number, bits = 1): Uint8Array {
  const altered = new Uint8Array(message);
  expect(index).toBeLessThan(altered.length);
  (altered[index] as number) ^= bits;
  return altered;
}
