import { expect, test, vi } from "vitest";
import { MemoryEngine, NatsEngine } from "../../../lib/rooms/engine/index.js";

vi.mock("@nats-io/kv", () => {
  throw new Error("Cannot find package '@nats-io/kv'");
});

test("without the packages of NATS connect says how to get them, and all else works", async () => {
  const advice = "npm install @nats-io/transport-node @nats-io/jetstream @nats-io/kv";
  const missing = { code: "ERR_MISSING_PACKAGE", message: expect.stringContaining(advice) };
  await expect(NatsEngine.connect({ servers: ["127.0.0.1:1"] })).rejects.toMatchObject(missing);
  const bucket = await new MemoryEngine().bucket("rooms");
  expect(await bucket.get("a")).toBeNull();
});
