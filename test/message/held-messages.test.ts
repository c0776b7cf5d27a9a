import { expect, test } from "vitest";
import { HeldMessages } from "../../lib/message/held-messages.js";
import { ByteSegment, Channel } from "../../lib/peer/index.js";

const segment = (bytes: Uint8Array) => new ByteSegment().set(bytes, 0, bytes.length);

test("messages are held in order, and once", () => {
  const held = new HeldMessages();
  const messages = [Uint8Array.of(1, 2), new Uint8Array(0), new Uint8Array(5000).fill(7), Uint8Array.of(3)];
  for (const message of messages) expect(held.add(segment(message), Channel.Reliable)).toBe(true);
  expect(held.add(segment(Uint8Array.of(9)), Channel.Unreliable)).toBe(true);
  const released: Uint8Array[] = [];
  held.release((bytes) => released.push(bytes.copy()));
  held.release((bytes) => released.push(bytes.copy()));
  expect(released).toEqual(messages);
});

test.each([0, 1, 1000])("there is an end to messages of %i bytes", (length) => {
  const held = new HeldMessages();
  const bytes = segment(new Uint8Array(length));
  let count = 0;
  while (count < 4_000_000 && held.add(bytes, Channel.Reliable)) count++;
  expect(count).toBe(Math.floor(2 ** 24 / (length + 8)));
});
