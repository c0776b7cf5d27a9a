import { createCipheriv } from "node:crypto";
import { describe, expect, test } from "vitest";
import { deriveSpaceKey, PacketOpener, PacketSealer, packetsPerEpoch, tagSizeBytes } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { seededRandom } from "../../lib/testing/index.js";
import { bytes, noBytes, strict } from "./handshake-pair.js";

const key = new Uint8Array(32).fill(1);
const header = bytes("header");

interface Packet {
  counter: number;
  sealed: Uint8Array;
  plaintext: Uint8Array;
}

describe.each(["AESGCM", "ChaChaPoly"] as const)("%s", (cipher) => {
  const primitives = strict(nodePrimitives({ cipher }));
  const sealerOf = () => new PacketSealer(primitives, key);
  const openerOf = () => new PacketOpener(primitives, key);

  function seal(sealer: PacketSealer, counter: number, plaintext = bytes(`packet ${counter}`)): Packet {
    const sealed = new Uint8Array(plaintext.length + tagSizeBytes);
    expect(sealer.seal(counter, header, plaintext, sealed)).toBe(sealed.length);
    return { counter, sealed, plaintext };
  }

  function opens(opener: PacketOpener, { counter, sealed, plaintext }: Packet): boolean {
    const out = new Uint8Array(plaintext.length);
    const length = opener.open(counter, header, sealed, out);
    if (length < 0) {
      expect(length).toBe(-1);
      expect(out).toEqual(new Uint8Array(out.length));
      return false;
    }
    expect(out).toEqual(plaintext);
    expect(length).toBe(plaintext.length);
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

  test("packets are written at an offset and nowhere else, also over their own plaintext", () => {
    const out = new Uint8Array(64).fill(0xee);
    out.set(bytes("in place"), 10);
    expect(sealerOf().seal(0, header, out.subarray(10, 18), out, 10)).toBe(24);
    expect([...out.subarray(0, 10), ...out.subarray(34)]).toEqual(Array(40).fill(0xee));
    expect(out.subarray(10, 18)).not.toEqual(bytes("in place"));
    expect(openerOf().open(0, header, out.subarray(10, 34), out, 10)).toBe(8);
    expect(out.subarray(10, 18)).toEqual(bytes("in place"));
    expect([...out.subarray(0, 10), ...out.subarray(34)]).toEqual(Array(40).fill(0xee));
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
    const out = new Uint8Array(64);
    for (let bit = 0; bit < packet.sealed.length * 8; bit++) {
      const sealed = new Uint8Array(packet.sealed);
      (sealed[bit >> 3] as number) ^= 1 << (bit & 7);
      expect(opens(opener, { ...packet, sealed })).toBe(false);
    }
    for (let bit = 0; bit < header.length * 8; bit++) {
      const altered = new Uint8Array(header);
      (altered[bit >> 3] as number) ^= 1 << (bit & 7);
      expect(opener.open(5, altered, packet.sealed, out)).toBe(-1);
    }
    expect(opener.open(5, noBytes, packet.sealed, out)).toBe(-1);
    for (let bit = 0; bit < 53; bit++) {
      const counter = Number(5n ^ (1n << BigInt(bit)));
      expect(opens(opener, { ...packet, counter })).toBe(false);
    }
    expect(opens(opener, packet)).toBe(true);
  });

  test("the whole counter is in the nonce", () => {
    const aead = primitives.aeadKey(key);
    const sealedWith = ([low, high]: number[]) => {
      const out = new Uint8Array(24);
      aead.seal(low as number, high as number, noBytes, new Uint8Array(8), out, 0);
      return Buffer.from(out).toString("hex");
    };
    const nonces = Array.from({ length: 32 }, (_, bit) => [
      [2 ** bit, 0],
      [0, 2 ** bit],
    ]).flat();
    expect(new Set(nonces.map(sealedWith)).size).toBe(64);
  });

  test("hostile lengths and counters are refused without an exception", () => {
    const opener = openerOf();
    const packet = seal(sealerOf(), 0);
    const out = new Uint8Array(64);
    for (let sizeBytes = 0; sizeBytes < packet.sealed.length; sizeBytes++) {
      expect(opener.open(0, header, packet.sealed.subarray(0, sizeBytes), out)).toBe(-1);
    }
    for (const sizeBytes of [16, 17, 64, 2048, 2049, 1_000_000]) {
      expect(opener.open(0, header, new Uint8Array(sizeBytes), new Uint8Array(sizeBytes))).toBe(-1);
    }
    const invalid = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), -0.1, 1e300];
    for (const counter of invalid) expect(opener.open(counter, header, packet.sealed, out)).toBe(-1);
    for (const offset of [-1, 57, 64, 1000, Number.NaN]) {
      expect(opener.open(0, header, packet.sealed, out, offset)).toBe(-1);
    }
    expect(out).toEqual(new Uint8Array(64));
    expect(opener.open(0, header, packet.sealed, out, 56)).toBe(8);
  });

  test("a sealer never uses a counter twice, goes back, or writes beyond its buffer", () => {
    const sealer = sealerOf();
    seal(sealer, 10);
    const out = new Uint8Array(32);
    for (const counter of [10, 9, 0, -1, 11.5, Number.NaN, 2 ** 53, 11 + packetsPerEpoch]) {
      expect(() => sealer.seal(counter, header, noBytes, out)).toThrow(RangeError);
    }
    for (const offset of [17, -1, Number.NaN]) {
      expect(() => sealer.seal(11, header, noBytes, out, offset)).toThrow(RangeError);
    }
    expect(() => sealer.seal(11, header, new Uint8Array(17), out)).toThrow(RangeError);
    expect(out).toEqual(new Uint8Array(32));
    seal(sealer, 11);
  });

  test("other directions and spaces have other keys", () => {
    const keys = [key, ...[0, 1, 255].map((space) => deriveSpaceKey(primitives, key, space))];
    for (const ours of keys) {
      const sealed = new Uint8Array(17);
      new PacketSealer(primitives, ours).seal(0, header, new Uint8Array(1), sealed);
      const opened = keys.map((theirs) => new PacketOpener(primitives, theirs).open(0, header, sealed, sealed.slice()));
      expect(opened).toEqual(keys.map((theirs) => (theirs === ours ? 1 : -1)));
    }
    for (const space of [-1, 256, 0.5]) expect(() => deriveSpaceKey(primitives, key, space)).toThrow(RangeError);
  });

  describe("epochs", () => {
    /** The last and the first packets around the beginnings of the epochs 1 to `count`. */
    function around(count: number, packets = 20): Packet[][] {
      const sealer = sealerOf();
      return Array.from({ length: count }, (_, index) =>
        Array.from({ length: packets }, (_, at) => seal(sealer, (index + 1) * packetsPerEpoch - packets / 2 + at)),
      );
    }

    /** The key of an epoch, made in another way: ENCRYPT(k, 2^64 - 1, "", 32 zero bytes) again and again. */
    function epochKey(epoch: number): Uint8Array {
      const algorithm = { AESGCM: "aes-256-gcm", ChaChaPoly: "chacha20-poly1305" }[cipher];
      const nonce = Buffer.from("00000000ffffffffffffffff", "hex");
      let current: Uint8Array = key;
      for (let count = 0; count < epoch; count++) {
        const options = { authTagLength: tagSizeBytes };
        current = createCipheriv(algorithm as "aes-256-gcm", current, nonce, options).update(new Uint8Array(32));
      }
      return current;
    }

    function sealWith(secret: Uint8Array, counter: number): Packet {
      const plaintext = bytes(`packet ${counter}`);
      const sealed = new Uint8Array(plaintext.length + tagSizeBytes);
      const [low, high] = [Number(BigInt(counter) & 0xffffffffn), Number(BigInt(counter) >> 32n)];
      primitives.aeadKey(secret).seal(low, high, header, plaintext, sealed, 0);
      return { counter, sealed, plaintext };
    }

    test("each epoch begins with a new key, also beyond 2^32 packets", () => {
      const sealer = sealerOf();
      const opener = openerOf();
      const epochs = 4100;
      for (let epoch = 0; epoch <= epochs; epoch++) {
        for (const counter of [epoch * packetsPerEpoch, (epoch + 1) * packetsPerEpoch - 1]) {
          const packet = seal(sealer, counter);
          if (epoch < 3 || epoch === epochs) expect(packet).toEqual(sealWith(epochKey(epoch), counter));
          expect(opens(opener, packet)).toBe(true);
        }
      }
    });

    test("a packet sealed with the key of another epoch than its counter's is refused", () => {
      for (const epoch of [0, 1, 2, 3]) {
        for (const counterEpoch of [0, 1, 2, 3]) {
          const isOpened = opens(openerOf(), sealWith(epochKey(epoch), counterEpoch * packetsPerEpoch));
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
        expect(opens(opener, seal(sealer, (epoch + 1) * packetsPerEpoch - 1))).toBe(true);
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
        const sealed = new Uint8Array(packet.sealed);
        (sealed[index % sealed.length] as number) ^= 1;
        for (const counter of [packet.counter, packet.counter + packetsPerEpoch, 2 ** 40, 2 ** 53 - 1]) {
          expect(opens(opener, { ...packet, sealed, counter })).toBe(false);
        }
      }
      expect(opens(opener, packets[0] as Packet)).toBe(true);
      expect(opens(opener, later.at(-1) as Packet)).toBe(false);
      for (const packet of packets) expect(opens(opener, packet)).toBe(true);
    });
  });
});
