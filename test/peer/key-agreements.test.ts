import { expect, test } from "vitest";
import { KeyAgreements } from "../../lib/peer/handshake/key-agreements.js";
import { DisconnectCode } from "../../lib/socket/index.js";
import { FakeClock } from "../../lib/testing/index.js";

test("a source has 500 key agreements at once and 100 a second, and all together 2000 and 1000", async () => {
  const clock = new FakeClock();
  const agreements = new KeyAgreements(clock);
  const taken = (source: string) =>
    Array.from({ length: 3000 }, () => agreements.tryTake(source)).filter(Boolean).length;
  expect(["a", "b", "c", "d", "e"].map(taken)).toEqual([500, 500, 500, 500, 0]);
  await clock.advance(1000);
  expect(taken("a")).toBe(100);
});

test("whoever was refused is remembered by nonce, and 1024 of them", () => {
  const agreements = new KeyAgreements(new FakeClock());
  const reason = { code: DisconnectCode.ServerKeyMismatch, text: "" };
  for (let nonce = 0; nonce < 1025; nonce++) agreements.refused("a", Uint8Array.of(nonce >> 8, nonce & 255), reason);
  expect(agreements.refusalOf("a", Uint8Array.of(0, 0))).toBeUndefined();
  expect(agreements.refusalOf("a", Uint8Array.of(0, 1))).toBe(reason);
  expect(agreements.refusalOf("b", Uint8Array.of(0, 1))).toBeUndefined();
});
