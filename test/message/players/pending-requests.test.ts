import { expect, test } from "vitest";
import { defineRequest } from "../../../lib/message/index.js";
import { PendingRequests } from "../../../lib/message/players/pending-requests.js";
import { u8 } from "../../../lib/serialization/index.js";
import { FakeClock } from "../../../lib/testing/index.js";

const Ask = defineRequest("ask", u8, u8);
const ENDING = { place: "the server", reason: { code: 1, text: "lost" } };
const answer = (id: number, value = 0) => ({ id, outcome: "answered" as const, text: "", value });

/** Requests whose questions are taken until the queue is full. */
function asking() {
  const requests = new PendingRequests(new FakeClock());
  const asked: number[] = [];
  const queue = { isFull: false };
  const send = (id: number) => !queue.isFull && asked.push(id) > 0;
  const open = (retry: boolean, isLater = false) =>
    requests.open(Ask, send, { retry }, isLater).catch(({ code }) => code as string);
  const settle = (id: number, value?: number) => requests.settle(Ask as never, answer(id, value));
  return { requests, asked, queue, open, settle };
}

test("what was interrupted is asked again with its id, where that was asked for", async () => {
  const { requests, asked, open, settle } = asking();
  const [lost, kept, later] = [open(false), open(true), open(true, true)];
  expect(asked).toEqual([1, 2]);
  requests.interrupt(ENDING);
  expect(await lost).toBe("ERR_CONNECTION_LOST");
  requests.askAgain();
  expect(asked).toEqual([1, 2, 2, 3]);
  expect([settle(3, 30), settle(2, 20)]).toEqual([true, true]);
  expect(await Promise.all([kept, later])).toEqual([20, 30]);
});

test("both questions may be answered, and no more than were asked", async () => {
  const { requests, open, settle } = asking();
  const kept = open(true);
  requests.interrupt(ENDING);
  requests.askAgain();
  expect([settle(1, 5), settle(1, 6), settle(1, 7)]).toEqual([true, true, false]);
  expect(await kept).toBe(5);
  const later = open(true, true);
  requests.askAgain();
  expect([settle(2, 8), settle(2, 9)]).toEqual([true, false]);
  expect(await later).toBe(8);
});

test("what the queue does not take when it is asked again fails", async () => {
  const { requests, queue, open } = asking();
  const kept = open(true);
  requests.interrupt(ENDING);
  queue.isFull = true;
  requests.askAgain();
  expect(await kept).toBe("ERR_QUEUE_FULL");
});
