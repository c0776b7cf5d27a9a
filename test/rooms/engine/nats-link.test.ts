import { expect, test } from "vitest";
import { NatsLink } from "../../../lib/rooms/engine/nats-link.js";
import { FakeClock } from "../../../lib/testing/fake-clock.js";
import { advance } from "../fleet/support.js";

const leaderless = () => Object.assign(new Error("jetstream is not enabled"), { name: "JetStreamNotEnabled" });

/** What becomes of something that is opened at a server that says whether it has JetStream. */
function opened(hasJetStream: boolean, run: () => Promise<string>) {
  const clock = new FakeClock();
  const nothing = null as never;
  const connection = { info: { jetstream: hasJetStream } } as never;
  const link = new NatsLink(connection, nothing, nothing, () => "", 1, 2000, clock);
  const outcome = link.open(run).catch(({ code, message }) => `${code}: ${message}`);
  return { clock, outcome };
}

test("what is opened waits while JetStream has no leader yet", async () => {
  let left = 3;
  const { clock, outcome } = opened(true, async () => {
    if (left-- > 0) throw leaderless();
    return "open";
  });
  for (let turn = 0; turn < 4; turn++) await advance(clock, 20);
  expect([await outcome, left]).toEqual(["open", -1]);
});

test("it is given up after three times the engine's time", async () => {
  const { clock, outcome } = opened(true, () => Promise.reject(leaderless()));
  let isOver = false;
  void outcome.then(() => {
    isOver = true;
  });
  for (let ms = 0; ms < 5980; ms += 20) await advance(clock, 20);
  expect(isOver).toBe(false);
  for (let ms = 0; ms < 60; ms += 20) await advance(clock, 20);
  expect(await outcome).toMatch(/^ERR_NOT_CONNECTED: .*no leader/);
});

test.each([
  ["the server has no JetStream", false, leaderless()],
  ["the account has none", true, Object.assign(leaderless(), { cause: { code: 10039 } })],
])("it fails at once where %s", async (_where, hasJetStream, error) => {
  const { outcome } = opened(hasJetStream, () => Promise.reject(error));
  expect(await outcome).toBe("ERR_NOT_CONNECTED: JetStream is not enabled on the NATS server");
});
