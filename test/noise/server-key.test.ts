import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { generateServerKey, parseServerPrivateKey, parseServerPublicKey } from "../../lib/noise/index.js";
import { accept, bytes, errorCode, firstMessage, keyPair, primitives } from "./handshake-pair.js";

const parsers = { vs1public_: parseServerPublicKey, vs1private_: parseServerPrivateKey };
type Prefix = keyof typeof parsers;

/** The text form, made in another way. */
function format(prefix: string, hex: string): string {
  const key = Buffer.from(hex, "hex");
  const checksum = createHash("sha256").update(prefix).update(key).digest().subarray(0, 4);
  return prefix + Buffer.concat([key, checksum]).toString("base64url");
}

describe("the text form", () => {
  test("goes there and back", () => {
    for (let round = 0; round < 50; round++) {
      const { publicKey, privateKey } = generateServerKey(primitives);
      expect(publicKey).toMatch(/^vs1public_[\w-]{48}$/);
      expect(privateKey).toMatch(/^vs1private_[\w-]{48}$/);
      const parsed = parseServerPublicKey(primitives, publicKey);
      expect(parseServerPrivateKey(primitives, privateKey).publicKey).toEqual(parsed);
      expect(format("vs1public_", Buffer.from(parsed).toString("hex"))).toBe(publicKey);
    }
  });

  test("every key is another one", () => {
    expect(generateServerKey(primitives)).not.toEqual(generateServerKey(primitives));
  });
});

const texts = generateServerKey(primitives);
const cases: [Prefix, string][] = [
  ["vs1public_", texts.publicKey],
  ["vs1private_", texts.privateKey],
];

describe.each(cases)("%s", (prefix, text) => {
  const parse = (given: string) => parsers[prefix](primitives, given);
  const code = (given: string) => errorCode(() => parse(given));

  test("no single character can be altered", () => {
    for (let index = 0; index < text.length; index++) {
      for (const character of ["A", "b", "7", "-", "_", "é", " ", "=", "\0", "\u{1f511}"]) {
        const altered = text.slice(0, index) + character + text.slice(index + 1);
        if (altered !== text) expect(code(altered), altered).toBe("ERR_BAD_SERVER_KEY");
      }
    }
    expect(code(text)).toBeNull();
  });

  test("nothing else is a key", () => {
    const [other] = cases.map(([, key]) => key).filter((key) => key !== text) as [string];
    const wrong = [
      "",
      prefix,
      other,
      text.slice(1),
      text.slice(0, -1),
      `${text}A`,
      ` ${text}A`,
      text.replace("_", "_ "),
      text + text,
    ];
    for (const given of [...wrong, text.toUpperCase(), text.replace(prefix, "vs2public_"), "A".repeat(1e6)]) {
      expect(code(given), given.slice(0, 100)).toBe("ERR_BAD_SERVER_KEY");
    }
    for (const given of [undefined, null, 5, {}, [text], new Uint8Array(36)]) {
      expect(code(given as string)).toBe("ERR_BAD_SERVER_KEY");
    }
  });

  test("a file ends with a line break, which is no part of the key", () => {
    expect(parse(` ${text}\r\n`)).toEqual(parse(text));
  });

  test("errors do not show the text, which may be a secret in the wrong place", () => {
    for (const given of [`${text}A`, text.slice(0, -1), `x${text}`, cases.find(([, key]) => key !== text)?.[1] ?? ""]) {
      const secret = given.slice(-40, -4);
      expect(() => parse(given)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(secret) }));
    }
  });
});

describe("a server with two keys", () => {
  const [older, newer, foreign] = [keyPair(1), keyPair(2), keyPair(3)];

  test("takes clients of both and says which key they pinned", () => {
    for (const [keyIndex, key] of [older, newer].entries()) {
      const accepted = accept([older, newer], firstMessage(key));
      expect(accepted.keyIndex).toBe(keyIndex);
      expect(accepted.payload).toEqual(bytes("payload"));
      expect(accepted.handshake.writeMessage(bytes("welcome"))).toHaveLength(32 + 7 + 16);
    }
  });

  test("cannot read the first message of a client that pinned another one", () => {
    expect(errorCode(() => accept([older, newer], firstMessage(foreign)))).toBe("ERR_NOISE_DECRYPT");
    expect(errorCode(() => accept([newer], firstMessage(older)))).toBe("ERR_NOISE_DECRYPT");
  });

  test("tells messages that no key could read apart", () => {
    expect(errorCode(() => accept([older, newer], new Uint8Array(5)))).toBe("ERR_NOISE_MESSAGE");
    expect(errorCode(() => accept([older, newer], new Uint8Array(48)))).toBe("ERR_NOISE_KEY");
    expect(() => accept([], firstMessage(older))).toThrow(RangeError);
  });
});
