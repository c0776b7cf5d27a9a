import { expect, test } from "vitest";
import { defineProtocol, defineRequest } from "../../lib/message/index.js";
import { bytes, packed } from "../../lib/serialization/index.js";
import { MessageWorld } from "../support/message-world.js";

const Wait = defineRequest("wait", packed, packed);
const Store = defineRequest("store", bytes(50_000), packed);
const newProtocol = () => defineProtocol({ name: "request limits", version: 1, messages: [Wait, Store] });

async function join() {
  const world = new MessageWorld({ protocol: newProtocol() });
  world.server.messageHandler.registerRequest(Wait, () => new Promise<number>(() => {}));
  world.server.messageHandler.registerRequest(Store, () => new Promise<number>(() => {}));
  await world.server.start();
  const { client } = await world.join();
  return { world, client };
}

test("1024 requests wait for their answers, and the next is refused", async () => {
  const { world, client } = await join();
  const requests = Array.from({ length: 1025 }, (_, index) => client.request(Wait, index));
  const outcomes = Promise.allSettled(requests);
  await expect(requests[1024]).rejects.toMatchObject({ code: "ERR_TOO_MANY_REQUESTS" });
  void client.disconnect();
  await world.run(100);
  const codes = (await outcomes).map((outcome) => outcome.status === "rejected" && outcome.reason.code);
  expect(new Set(codes.slice(0, 1024))).toEqual(new Set(["ERR_CONNECTION_LOST"]));
});

test("a request that finds the queue full is refused, and those before it are not", async () => {
  const { client } = await join();
  const question = new Uint8Array(50_000);
  const codes: string[] = [];
  for (let count = 0; count < 1000 && codes.length === 0; count++) {
    client.request(Store, question).catch((error) => codes.push(error.code));
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
  expect(codes).toEqual(["ERR_QUEUE_FULL"]);
});

test("a connect that is aborted with what is no error rejects with that", async () => {
  const world = new MessageWorld({ protocol: newProtocol() });
  const controller = new AbortController();
  const connecting = world.newClient().connect({ signal: controller.signal });
  controller.abort("no more");
  await expect(connecting).rejects.toBe("no more");
});
