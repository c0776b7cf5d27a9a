import { expect, test } from "vitest";
import { FakeClock } from "../../../lib/testing/index.js";
import { newEndpoint } from "../../support/endpoints.js";

test.each([
  ["throws", () => JSON.parse("{"), SyntaxError],
  ["rejects", () => Promise.reject(new SyntaxError("no")), SyntaxError],
  ["answers no reason", () => "go away" as never, TypeError],
  ["answers false", () => false as never, TypeError],
  ["answers nothing", () => undefined as never, TypeError],
  ["answers a code out of range", () => ({ code: 1000, text: "" }), TypeError],
  ["promises a code out of range", async () => ({ code: 1000, text: "" }), TypeError],
])("a beforeAccept that %s refuses, and onError hears of it", async (_what, beforeAccept, type) => {
  const errors: Error[] = [];
  const onError = (error: unknown) => errors.push(error as Error);
  const { port } = newEndpoint().listen({ host: "127.0.0.1", beforeAccept, onError });
  const refused = { code: "ERR_REFUSED", reason: { code: 0, text: "The server failed" } };
  await expect(newEndpoint().connect({ host: "127.0.0.1", port })).rejects.toMatchObject(refused);
  expect(errors).toEqual([expect.any(type)]);
  if (type === TypeError) expect(errors[0]?.message).toContain("beforeAccept");
});

test("a beforeAccept may promise its answer, and places are counted when it comes", async () => {
  let letIn: (answer: true) => void = () => {};
  const answer = new Promise<true>((resolve) => {
    letIn = resolve;
  });
  let asked = 0;
  const { port } = newEndpoint().listen({
    host: "127.0.0.1",
    maxConnections: 1,
    beforeAccept: () => {
      if (++asked === 2) letIn(true);
      return answer;
    },
  });
  const client = newEndpoint();
  const results = await Promise.allSettled([1, 2].map(() => client.connect({ host: "127.0.0.1", port })));
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const reason = { code: 0, text: "The server is full" };
  expect(results.find(({ status }) => status === "rejected")).toMatchObject({
    reason: { code: "ERR_REFUSED", reason },
  });
});

test("a beforeAccept that never answers refuses after handshakeTimeoutMs", async () => {
  const clock = new FakeClock();
  let askedOnce = () => {};
  const asked = new Promise<void>((resolve) => {
    askedOnce = resolve;
  });
  const beforeAccept = () => {
    askedOnce();
    return new Promise<true>(() => {});
  };
  const { port } = newEndpoint({ clock, handshakeTimeoutMs: 700 }).listen({ host: "127.0.0.1", beforeAccept });
  const connecting = newEndpoint().connect({ host: "127.0.0.1", port });
  const refused = expect(connecting).rejects.toMatchObject({ reason: { code: 0, text: "The server failed" } });
  await asked;
  clock.advance(699);
  clock.advance(1);
  await refused;
});
