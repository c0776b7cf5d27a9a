import { expect, test } from "vitest";
import { EventHub } from "../lib/event-hub.js";

type Events = { message: [text: string]; started: [] };
const newHub = (errors: unknown[] = []) =>
  new EventHub<Events>(["message", "started"], (error) => errors.push(error), ["started"]);

test("listeners are called in order, each as often as it was added, until it is removed", () => {
  const hub = newHub();
  const heard: string[] = [];
  const listener = (text: string) => void heard.push(`a ${text}`);
  hub.on("message", listener);
  const off = hub.on("message", listener);
  hub.on("message", (text) => void heard.push(`b ${text}`));
  hub.emit("message", "1");
  off();
  off();
  hub.emit("message", "2");
  expect(heard).toEqual(["a 1", "a 1", "b 1", "a 2", "b 2"]);
  expect(hub.listenerCount("message")).toBe(2);
});

test("a listener that is removed or added during an event is so from the next event on", () => {
  const hub = newHub();
  const heard: string[] = [];
  hub.on("message", () => {
    offSecond();
    hub.on("message", () => void heard.push("new"));
  });
  const offSecond = hub.on("message", () => void heard.push("second"));
  hub.emit("message", "");
  expect(heard).toEqual(["second"]);
  hub.emit("message", "");
  expect(heard).toEqual(["second", "new"]);
});

test("what listeners throw or reject with is reported, and the others are called", async () => {
  const errors: unknown[] = [];
  const hub = newHub(errors);
  const heard: string[] = [];
  hub.on("message", () => {
    throw "thrown";
  });
  hub.on("message", () => Promise.reject("rejected"));
  hub.on("message", (text) => void heard.push(text));
  hub.emit("message", "1");
  await Promise.resolve();
  await Promise.resolve();
  expect(heard).toEqual(["1"]);
  expect(errors).toEqual(["thrown", "rejected"]);
});

test("a late event is told to listeners that come after it, until it is reset", () => {
  const hub = newHub();
  let count = 0;
  hub.emit("started");
  hub.on("started", () => void count++);
  expect(count).toBe(1);
  hub.reset("started");
  hub.on("started", () => void count++);
  expect(count).toBe(1);
});

test("names that are no events and listeners that are no functions throw", () => {
  const hub = newHub();
  expect(() => hub.on("mesage" as "message", () => {})).toThrow("There is no event mesage; there are message, started");
  expect(() => hub.on("message", null as never)).toThrow(TypeError);
});
