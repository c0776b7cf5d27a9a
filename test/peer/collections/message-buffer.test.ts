import { expect, test } from "vitest";
import { MessageBuffer } from "../../../lib/peer/collections/message-buffer.js";

/** Appends a message in two parts; gives the memory that it lay in. */
function receive(buffer: MessageBuffer, size: number, isKept = true): Uint8Array {
  const message = new Uint8Array(size).fill(size & 0xff);
  const charged = buffer.append(message, 0, 200, size) + buffer.append(message, 200, size - 200, size);
  const { bytes } = buffer;
  expect(charged).toBe(bytes.length);
  expect(bytes.subarray(0, size)).toEqual(message);
  expect(buffer.clear(isKept)).toBe(charged);
  return bytes;
}

test("a message that two packets share lies in the memory of the one before, and a long one's goes with it", () => {
  const buffer = new MessageBuffer();
  const first = receive(buffer, 1200);
  expect(receive(buffer, 1100)).toBe(first);
  expect(receive(buffer, 1200)).toBe(first);
  const long = receive(buffer, 2100);
  expect(receive(buffer, 2100)).not.toBe(long);
});

test("no memory stays of a stranger's message, since nobody is charged for it", () => {
  const buffer = new MessageBuffer();
  receive(buffer, 1200, false);
  expect(buffer.bytes.length).toBe(4);
});
