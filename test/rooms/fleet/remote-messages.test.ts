import { expect, onTestFinished, test } from "vitest";
import { defineMessage } from "../../../lib/message/protocol/message.js";
import { defineRequest, RequestRefusedError } from "../../../lib/message/protocol/request.js";
import { MemoryEngine } from "../../../lib/rooms/engine/index.js";
import { type RemoteContext, RemoteMessages } from "../../../lib/rooms/fleet/remote-messages.js";
import { string, struct, u8, u32 } from "../../../lib/serialization/index.js";
import { settle } from "./support.js";

const Notice = defineMessage("notice", struct({ text: string(100) }));
const Add = defineRequest("add", struct({ a: u32, b: u32 }), struct({ sum: u32 }));

const code = (wanted: string) => expect.objectContaining({ code: wanted });

/** Hosts a and b; the room `arena` and the player `ann` are on b, `lost` is on a host that has ended. */
function fleet(fingerprints = [1, 1]) {
  const engine = new MemoryEngine();
  const places: Record<string, string> = { arena: "b", ann: "b", lost: "c" };
  const errors: unknown[] = [];
  const hosts = ["a", "b"].map((host, at) => {
    const remote = new RemoteMessages({
      engine: engine.link(),
      app: "test",
      fingerprint: () => new Uint8Array(8).fill(fingerprints[at] ?? 0),
      host,
      locate: (target) => places["room" in target ? target.room : target.player],
      onError: (error) => errors.push(error),
    });
    remote.start();
    onTestFinished(() => remote.stop());
    return remote;
  });
  const [a, b] = hosts as [RemoteMessages, RemoteMessages];
  const heard: [string, string, RemoteContext][] = [];
  for (const [host, remote] of Object.entries({ a, b })) {
    remote.register(Notice, ({ text }, context) => void heard.push([host, text, context]));
  }
  return { engine, a, b, heard, errors };
}

test("a message goes to a host, to the host of a room or a player, or to all", async () => {
  const { a, heard, errors } = fleet();
  expect(a.send({ host: "b" }, Notice, { text: "host" })).toBe(true);
  expect(a.send({ room: "arena" }, Notice, { text: "room" })).toBe(true);
  expect(a.send({ player: "ann" }, Notice, { text: "player" })).toBe(true);
  expect(a.send({ room: "nowhere" }, Notice, { text: "nowhere" })).toBe(false);
  expect(a.publish(Notice, { text: "all" })).toBe(true);
  await settle();
  expect(heard).toEqual([
    ["b", "host", { from: "a", target: { host: "b" } }],
    ["b", "room", { from: "a", target: { room: "arena" } }],
    ["b", "player", { from: "a", target: { player: "ann" } }],
    ["a", "all", { from: "a", target: null }],
    ["b", "all", { from: "a", target: null }],
  ]);
  expect(errors).toEqual([]);
});

test("a request is answered by the codecs of its definition, refused, or fails", async () => {
  const { a, b, errors } = fleet();
  const asked: RemoteContext[] = [];
  await expect(a.request({ host: "b" }, Add, { a: 1, b: 2 })).rejects.toEqual(code("ERR_REQUEST_FAILED"));
  b.registerRequest(Add, async (question, context) => {
    asked.push(context);
    if (question.a === 0) throw new RequestRefusedError("nothing to add");
    if (question.a === 99) throw new Error("broken");
    return { sum: question.a + question.b };
  });
  expect(await a.request({ room: "arena" }, Add, { a: 1, b: 2 })).toEqual({ sum: 3 });
  expect(asked).toEqual([{ from: "a", target: { room: "arena" } }]);
  const refusal = { code: "ERR_REQUEST_REFUSED", message: "nothing to add" };
  await expect(a.request({ player: "ann" }, Add, { a: 0, b: 2 })).rejects.toEqual(expect.objectContaining(refusal));
  expect(errors).toEqual([]);
  await expect(a.request({ host: "b" }, Add, { a: 99, b: 2 })).rejects.toEqual(code("ERR_REQUEST_FAILED"));
  expect(errors).toEqual([new Error("broken")]);
  await expect(a.request({ room: "lost" }, Add, { a: 1, b: 2 })).rejects.toEqual(code("ERR_NO_RESPONDERS"));
  await expect(a.request({ room: "nowhere" }, Add, { a: 1, b: 2 })).rejects.toEqual(code("ERR_NO_RESPONDERS"));
  b.stop();
  await expect(a.request({ host: "b" }, Add, { a: 1, b: 2 })).rejects.toEqual(code("ERR_NO_RESPONDERS"));
});

test("hosts with another protocol do not hear each other", async () => {
  const { a, heard } = fleet([1, 2]);
  a.publish(Notice, { text: "all" });
  a.send({ host: "b" }, Notice, { text: "host" });
  await expect(a.request({ host: "b" }, Add, { a: 1, b: 2 })).rejects.toEqual(code("ERR_NO_RESPONDERS"));
  expect(heard.map(([host]) => host)).toEqual(["a"]);
});

test("wrong values are told to the sender; what cannot be read, and what a handler throws, to onError", async () => {
  const { engine, a, b, heard, errors } = fleet();
  expect(() => a.send({ host: "b" }, Notice, { text: 5 } as never)).toThrow(TypeError);
  await expect(a.request({ host: "b" }, Add, { a: -1, b: 0 })).rejects.toThrow(RangeError);
  await expect(a.request({ host: "b" }, Notice as never, {} as never)).rejects.toEqual(code("ERR_INVALID_ARG_TYPE"));
  expect(() => a.register(Notice, 5 as never)).toThrow(code("ERR_INVALID_ARG_TYPE"));
  const subject = `vs.test.${"01".repeat(8)}.host.b`;
  engine.publish(subject, new Uint8Array([1, 2, 3]));
  const Longer = defineMessage("notice", struct({ text: string(100), more: u8 }));
  a.send({ host: "b" }, Longer, { text: "x", more: 1 });
  await settle();
  expect(errors.length).toBe(2);
  for (const throwing of [() => Promise.reject(new Error("later")), () => expect.unreachable("at once")]) {
    b.register(Notice, throwing);
    a.send({ host: "b" }, Notice, { text: "x" });
    await settle();
  }
  expect([errors.length, heard]).toEqual([4, []]);
});

test("so many handlers run at a time; above that messages are dropped, and that is told", async () => {
  const { a, b, errors } = fleet();
  let count = 0;
  b.register(Notice, () => {
    count++;
    return new Promise(() => {});
  });
  for (let at = 0; at < 1030; at++) a.send({ host: "b" }, Notice, { text: "x" });
  await settle();
  expect([count, errors]).toEqual([1024, Array.from({ length: 6 }, () => code("ERR_QUEUE_FULL"))]);
});
