import { createCipheriv } from "node:crypto";
import { describe, expect, test } from "vitest";
import { concatBytes } from "../../lib/bytes.js";
import {
  deriveSpaceKey,
  PACKETS_PER_EPOCH,
  PacketOpener,
  PacketSealer,
  TAG_SIZE_BYTES,
} from "../../lib/noise/index.js";
import { nativePrimitives } from "../../lib/noise/native-primitives.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { seededRandom } from "../../lib/testing/index.js";
import { bytes, strict } from "./handshake-pair.js";

const node = strict(nodePrimitives());
const chaCha = strict(nodePrimitives({ cipher: "ChaChaPoly" }));
const native = strict(nativePrimitives());

const key = new Uint8Array(32).fill(1);
const header = bytes("header");
const noise = new Uint8Array(5).fill(0xee);

interface Packet {
  counter: number;
  /** The header and what is sealed behind it. */
  sealed: Uint8Array;
  plaintext: Uint8Array;
}

/** Header, plaintext and room for the tag. */
function unsealed(plaintext: Uint8Array): Uint8Array {
  return concatBytes([header, plaintext, new Uint8Array(TAG_SIZE_BYTES)]);
}

function altered(sealed: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(sealed);
  (copy[bit >> 3] as number) ^= 1 << (bit & 7);
  return copy;
}

describe.each([
  { name: "AESGCM of node:crypto", sealing: node, opening: node },
  { name: "ChaChaPoly of node:crypto", sealing: chaCha, opening: chaCha },
  { name: "AESGCM of the addon", sealing: native, opening: native },
  { name: "sealed by the addon, opened by node:crypto", sealing: native, opening: node },
  { name: "sealed by node:crypto, opened by the addon", sealing: node, opening: native },
])("$name", ({ sealing, opening }) => {
  const sealerOf = () => new PacketSealer(sealing, key);
  const openerOf = () => new PacketOpener(opening, key);

  function seal(sealer: PacketSealer, counter: number, plaintext = bytes(`packet ${counter}`)): Packet {
    const sealed = unsealed(plaintext);
    expect(sealer.seal(counter, sealed, 0, header.length, sealed.length - TAG_SIZE_BYTES)).toBe(sealed.length);
    expect(sealed.subarray(0, header.length)).toEqual(header);
    return { counter, sealed, plaintext };
  }

  function opens(opener: PacketOpener, { counter, sealed, plaintext }: Packet): boolean {
    const buffer = new Uint8Array(sealed);
    const end = opener.open(counter, buffer, 0, header.length, buffer.length);
    if (end < 0) {
      expect(end).toBe(-1);
      return false;
    }
    expect(end).toBe(header.length + plaintext.length);
    expect(buffer.subarray(0, header.length)).toEqual(header);
    expect(Buffer.compare(buffer.subarray(header.length, end), plaintext)).toBe(0);
    return true;
  }

  test("payloads of every length go through, also those longer than a datagram", () => {
    const sealer = sealerOf();
    const opener = openerOf();
    let counter = 0;
    const random = seededRandom(1);
    for (const sizeBytes of [...Array(300).keys(), 1200, 2031, 2032, 2033, 16_384, 65_536]) {
      const plaintext = Uint8Array.from({ length: sizeBytes }, () => random() * 256);
      expect(opens(opener, seal(sealer, counter++, plaintext))).toBe(true);
    }
  });

  test("packets are sealed and opened where they are, and nothing around them changes", () => {
    const memory = new Uint8Array(80).fill(0xee);
    const buffer = memory.subarray(7, 73);
    buffer.set(bytes("headerin place"), 10);
    const around = () => [...memory.subarray(0, 17), ...memory.subarray(47)];
    expect(sealerOf().seal(0, buffer, 10, 6, 24)).toBe(40);
    expect(around()).toEqual(Array(50).fill(0xee));
    expect(buffer.subarray(16, 24)).not.toEqual(bytes("in place"));
    expect(openerOf().open(0, buffer, 10, 6, 40)).toBe(24);
    expect(buffer.subarray(10, 24)).toEqual(bytes("headerin place"));
    expect(around()).toEqual(Array(50).fill(0xee));
  });

  test("of a forged packet nothing is left behind the header, and nothing around it changes", () => {
    const { sealed } = seal(sealerOf(), 0, bytes("secret"));
    const opener = openerOf();
    for (const bit of [0, header.length * 8, sealed.length * 8 - 1]) {
      const buffer = concatBytes([noise, altered(sealed, bit), noise]);
      const expected = new Uint8Array(buffer);
      expected.fill(0, noise.length + header.length, noise.length + sealed.length);
      expect(opener.open(0, buffer, noise.length, header.length, noise.length + sealed.length)).toBe(-1);
      expect(buffer).toEqual(expected);
    }
  });

  test("packets may come in any order, some not at all and some twice", () => {
    const sealer = sealerOf();
    const opener = openerOf();
    const random = seededRandom(2);
    const sent = Array.from({ length: 500 }, (_, counter) => seal(sealer, counter));
    const arriving = [...sent, ...sent].filter(() => random() > 0.2).sort(() => random() - 0.5);
    for (const packet of arriving) expect(opens(opener, packet)).toBe(true);
  });

  test("no bit of a packet, of its header or of its counter can be altered", () => {
    const opener = openerOf();
    const packet = seal(sealerOf(), 5);
    for (let bit = 0; bit < packet.sealed.length * 8; bit++) {
      expect(opens(opener, { ...packet, sealed: altered(packet.sealed, bit) })).toBe(false);
    }
    expect(opener.open(5, packet.sealed.slice(header.length), 0, 0, packet.sealed.length - header.length)).toBe(-1);
    for (let bit = 0; bit < 53; bit++) {
      const counter = Number(5n ^ (1n << BigInt(bit)));
      expect(opens(opener, { ...packet, counter })).toBe(false);
    }
    expect(opens(opener, packet)).toBe(true);
  });

  test("the whole counter is in the nonce", () => {
    const aead = sealing.aeadKey(key);
    const sealedWith = ([low, high]: number[]) => {
      const buffer = new Uint8Array(24);
      aead.seal(low as number, high as number, buffer, 0, 0, 8);
      return Buffer.from(buffer).toString("hex");
    };
    const nonces = Array.from({ length: 32 }, (_, bit) => [
      [2 ** bit, 0],
      [0, 2 ** bit],
    ]).flat();
    expect(new Set(nonces.map(sealedWith)).size).toBe(64);
  });

  test("hostile lengths and counters are refused without an exception", () => {
    const opener = openerOf();
    const { sealed } = seal(sealerOf(), 0);
    for (let end = 0; end < sealed.length; end++) {
      expect(opener.open(0, new Uint8Array(sealed), 0, header.length, end)).toBe(-1);
    }
    for (const sizeBytes of [16, 17, 64, 2048, 2049, 1_000_000]) {
      expect(opener.open(0, new Uint8Array(sizeBytes), 0, 0, sizeBytes)).toBe(-1);
    }
    const unchanged = new Uint8Array(sealed);
    const invalid = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), -0.1, 1e300];
    for (const counter of invalid) expect(opener.open(counter, sealed, 0, 6, 30)).toBe(-1);
    for (const wrong of invalid) {
      expect(opener.open(0, sealed, wrong, 6, 30)).toBe(-1);
      expect(opener.open(0, sealed, 0, wrong, 30)).toBe(-1);
      expect(opener.open(0, sealed, 0, 6, wrong)).toBe(-1);
    }
    expect(opener.open(0, sealed, 0, 6, 31)).toBe(-1);
    expect(sealed).toEqual(unchanged);
    expect(opener.open(0, sealed, 0, 6, 30)).toBe(14);
  });

  test("a sealer never uses a counter twice, goes back, or writes beyond its buffer", () => {
    const sealer = sealerOf();
    seal(sealer, 10);
    const buffer = new Uint8Array(32);
    for (const counter of [10, 9, 0, -1, 11.5, Number.NaN, 2 ** 53, 11 + PACKETS_PER_EPOCH]) {
      expect(() => sealer.seal(counter, buffer, 0, 6, 16)).toThrow(RangeError);
    }
    for (const [start, headerBytes, end] of [
      [0, 6, 17],
      [0, 6, 5],
      [0, -1, 16],
      [-1, 6, 16],
      [0.5, 6, 16],
      [0, 0.5, 16],
      [0, 6, 6.5],
      [Number.NaN, 6, 16],
      [0, Number.NaN, 16],
      [0, 6, Number.NaN],
    ] as [number, number, number][]) {
      expect(() => sealer.seal(11, buffer, start, headerBytes, end)).toThrow(RangeError);
    }
    expect(buffer).toEqual(new Uint8Array(32));
    seal(sealer, 11);
  });

  test("other directions and spaces have other keys", () => {
    const keys = [key, ...[0, 1, 255].map((space) => deriveSpaceKey(sealing, key, space))];
    for (const ours of keys) {
      const sealed = new Uint8Array(17);
      new PacketSealer(sealing, ours).seal(0, sealed, 0, 0, 1);
      const opened = keys.map((theirs) => new PacketOpener(opening, theirs).open(0, sealed.slice(), 0, 0, 17));
      expect(opened).toEqual(keys.map((theirs) => (theirs === ours ? 1 : -1)));
    }
    for (const space of [-1, 256, 0.5]) expect(() => deriveSpaceKey(sealing, key, space)).toThrow(RangeError);
  });

  describe("epochs", () => {
    /** The last and the first packets around the beginnings of the epochs 1 to `count`. */
    function around(count: number, packets = 20): Packet[][] {
      const sealer = sealerOf();
      return Array.from({ length: count }, (_, index) =>
        Array.from({ length: packets }, (_, at) => seal(sealer, (index + 1) * PACKETS_PER_EPOCH - packets / 2 + at)),
      );
    }

    /** The key of an epoch, made in another way: ENCRYPT(k, 2^64 - 1, "", 32 zero bytes) again and again. */
    function epochKey(epoch: number): Uint8Array {
      const algorithm = { AESGCM: "aes-256-gcm", ChaChaPoly: "chacha20-poly1305" }[sealing.cipher];
      const nonce = Buffer.from("00000000ffffffffffffffff", "hex");
      let current: Uint8Array = key;
      for (let count = 0; count < epoch; count++) {
        const options = { authTagLength: TAG_SIZE_BYTES };
        current = createCipheriv(algorithm as "aes-256-gcm", current, nonce, options).update(new Uint8Array(32));
      }
      return current;
    }

    function sealWith(secret: Uint8Array, counter: number): Packet {
      const plaintext = bytes(`packet ${counter}`);
      const sealed = unsealed(plaintext);
      const [low, high] = [Number(BigInt(counter) & 0xffffffffn), Number(BigInt(counter) >> 32n)];
      sealing.aeadKey(secret).seal(low, high, sealed, 0, header.length, sealed.length - TAG_SIZE_BYTES);
      return { counter, sealed, plaintext };
    }

    test("each epoch begins with a new key, also beyond 2^32 packets", () => {
      const sealer = sealerOf();
      const opener = openerOf();
      const epochs = 4100;
      for (let epoch = 0; epoch <= epochs; epoch++) {
        for (const counter of [epoch * PACKETS_PER_EPOCH, (epoch + 1) * PACKETS_PER_EPOCH - 1]) {
          const packet = seal(sealer, counter);
          if (epoch < 3 || epoch === epochs) expect(packet).toEqual(sealWith(epochKey(epoch), counter));
          expect(opens(opener, packet)).toBe(true);
        }
      }
    });

    test("a packet sealed with the key of another epoch than its counter's is refused", () => {
      for (const epoch of [0, 1, 2, 3]) {
        for (const counterEpoch of [0, 1, 2, 3]) {
          const isOpened = opens(openerOf(), sealWith(epochKey(epoch), counterEpoch * PACKETS_PER_EPOCH));
          expect(isOpened).toBe(epoch === counterEpoch && epoch < 2);
        }
      }
    });

    test("packets reordered around the beginnings of epochs are all opened", () => {
      for (let seed = 0; seed < 50; seed++) {
        const random = seededRandom(seed);
        const opener = openerOf();
        for (const packets of around(4)) {
          for (const packet of packets.sort(() => random() - 0.5)) expect(opens(opener, packet)).toBe(true);
        }
      }
    });

    test("a whole epoch may be lost but for one packet", () => {
      const sealer = sealerOf();
      const opener = openerOf();
      for (let epoch = 0; epoch < 10; epoch++) {
        expect(opens(opener, seal(sealer, (epoch + 1) * PACKETS_PER_EPOCH - 1))).toBe(true);
      }
    });

    test("packets two epochs away are refused, those of the one before are opened", () => {
      const [first = [], second = [], third = []] = around(3);
      const [last, next] = [first.at(0), first.at(-1)] as [Packet, Packet];
      const opener = openerOf();
      expect(opens(opener, second.at(-1) as Packet)).toBe(false);
      expect(opens(opener, next)).toBe(true);
      expect(opens(opener, last)).toBe(true);
      expect(opens(opener, third.at(-1) as Packet)).toBe(false);
      expect(opens(opener, second.at(-1) as Packet)).toBe(true);
      expect(opens(opener, last)).toBe(false);
      expect(opens(opener, next)).toBe(true);
    });

    test("forged packets of other epochs do not move the key", () => {
      const [packets = [], later = []] = around(2);
      const opener = openerOf();
      for (const [index, packet] of packets.entries()) {
        const sealed = altered(packet.sealed, (index % packet.sealed.length) * 8);
        for (const counter of [packet.counter, packet.counter + PACKETS_PER_EPOCH, 2 ** 40, 2 ** 53 - 1]) {
          expect(opens(opener, { ...packet, sealed, counter })).toBe(false);
        }
      }
      expect(opens(opener, packets[0] as Packet)).toBe(true);
      expect(opens(opener, later.at(-1) as Packet)).toBe(false);
      for (const packet of packets) expect(opens(opener, packet)).toBe(true);
    });
  });
});
