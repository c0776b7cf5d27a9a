import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { explainPacket, PacketError } from "../../lib/cli/explain-packet.js";
import { parseHex } from "../../lib/cli/hex.js";
import { seededRandom } from "../../lib/testing/index.js";
import { root } from "../support/runtimes.js";
import { startCommand } from "./command.js";

const page = readFileSync(join(root, "docs", "wire-format.md"), "utf8");
const golden = page.slice(page.indexOf("## Golden vectors"));

/** The packets of the page that are written whole. */
const packets = [...golden.matchAll(/^\| ([^|]+) \| `([0-9a-f ]+)`(?: and (\d+) times `(\w\w)`)? \|$/gm)].map(
  ([, name = "", hex = "", times = "0", repeated = ""]) => [name, hex + repeated.repeat(Number(times))] as const,
);

test.each(packets)("%s", (_, hex) => {
  const packet = parseHex(hex) as Uint8Array;
  const fields = explainPacket(packet);
  expect(fields[0]?.value).not.toBe("unknown");
  // One field follows the other, from the first byte to the last.
  expect(Buffer.concat(fields.map(({ bytes }) => bytes))).toEqual(Buffer.from(packet));
  for (let length = 0; length < Math.min(packet.length, 40); length++) {
    const cut = () => explainPacket(packet.subarray(0, length));
    try {
      expect(Buffer.concat(cut().map(({ bytes }) => bytes)).length).toBe(length);
    } catch (error) {
      expect(error).toBeInstanceOf(PacketError);
    }
  }
});

test("there are packets of every kind", () => {
  const kinds = new Set(packets.map(([, hex]) => hex.slice(0, 2)));
  expect([...kinds].toSorted()).toEqual(["01", "02", "03", "04", "05", "06", "07", "10", "11", "12", "13"]);
});

test("any bytes are explained or refused", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 20_000; round++) {
    const kind = [1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19][round % 11] as number;
    const packet = Uint8Array.from({ length: 1 + Math.floor(random() * 60) }, () => Math.floor(random() * 256));
    packet[0] = kind;
    try {
      const fields = explainPacket(packet, round % 3 === 0);
      expect(Buffer.concat(fields.map(({ bytes }) => bytes))).toEqual(Buffer.from(packet));
    } catch (error) {
      if (!(error instanceof PacketError)) throw error;
    }
  }
});

test("wire prints what docs/command-line.md shows, and reads its input", async () => {
  const shown = readFileSync(join(root, "docs", "command-line.md"), "utf8");
  const [, hex = "", text] = /valve-sockets wire ([0-9a-f ]+)\n```\n\n```text\n([^`]+)```/.exec(shown) ?? [];
  expect(await startCommand("wire", ...hex.split(" ")).end()).toMatchObject({ code: 0, stdout: text });
  expect(await startCommand("wire").end(`${hex}\n`)).toMatchObject({ code: 0, stdout: text });
  const json = await startCommand("wire", "--json", "05 0d0c0b0a").end();
  expect(json).toMatchObject({ code: 1, stderr: expect.stringContaining('"reset token"') });
  expect(JSON.parse(json.stdout).fields[1]).toEqual({
    offset: 1,
    name: "session",
    value: "0x0a0b0c0d",
    bytes: "0d0c0b0a",
  });
});
