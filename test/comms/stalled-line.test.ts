// A stream that stands still takes what it is given, and brings it later. What waits here meanwhile expires, and what
// came too late is handed to nobody.
import { expect, test } from "vitest";
import { PeerCommsNetwork } from "../../lib/comms/index.js";
import { LagSocketFactory, MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { seededBytes } from "../support/peer-world.js";

test.each([2, 5])(
  "a stream that stands still for %i s brings old voice, and none of it is handed over",
  async (seconds) => {
    const clock = new FakeClock();
    const network = new MemoryNetwork({ clock, random: seededRandom(1) });
    const memory = new MemorySocketFactory(network, { kind: "stream" });
    const line = new LagSocketFactory(memory, { latencyMs: 20, clock, random: seededRandom(2) });
    const create = (
      playerName: string,
      seed: number,
      socketFactory = memory as MemorySocketFactory | LagSocketFactory,
    ) =>
      new PeerCommsNetwork({
        playerName,
        clock,
        socketFactory,
        randomBytes: seededBytes(seed),
        peer: { random: seededRandom(seed) },
      });
    const server = create("server", 1, line);
    const [ada, ben] = [create("Ada", 2), create("Ben", 3)];
    server.runAsDedicatedServer();
    for (const client of [ada, ben]) {
      client.comms.rooms.join("lobby");
      client.runAsClient();
    }
    let stallEndMs = 0;
    const step = async () => {
      for (let turn = 0; turn < 4; turn++) {
        for (let round = 0; round < 4; round++) await new Promise<void>((resolve) => setImmediate(resolve));
        clock.advance(5);
      }
      // What is sent now arrives when the line goes on.
      line.conditions.latencyMs = Math.max(20, stallEndMs - clock.now());
    };
    const heard: { spokenMs: number; ageMs: number }[] = [];
    ben.comms.on("voiceReceived", ({ frame }) => {
      const bytes = frame.copy();
      const spokenMs = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
      heard.push({ spokenMs, ageMs: clock.now() - spokenMs });
    });
    const speak = async (forSeconds: number) => {
      for (let frame = 0; frame < forSeconds * 50; frame++) {
        const bytes = new Uint8Array(60);
        new DataView(bytes.buffer).setFloat64(0, clock.now());
        ada.comms.sendVoice(bytes);
        await step();
      }
    };
    for (let turns = 0; turns < 50; turns++) await step();
    ada.comms.roomChannels.open("lobby");
    await speak(3);
    const startMs = clock.now();
    stallEndMs = startMs + 1000 * seconds;
    await speak(seconds);
    const endMs = clock.now();
    await speak(2);
    // 200 ms later than the quickest, which take the line's 20 ms and what the clock moves at once.
    expect(Math.max(...heard.map(({ ageMs }) => ageMs))).toBeLessThanOrEqual(250);
    const statistics = ben.comms.findPlayer("Ada")?.statistics;
    // The stream had taken them before it was known that it stands still.
    expect(statistics?.late).toBeGreaterThan(30);
    expect(statistics?.late).toBeLessThanOrEqual(64);
    expect(heard.filter(({ spokenMs }) => spokenMs < startMs)).toHaveLength(150);
    // From then on everything is heard.
    expect(heard.filter(({ spokenMs }) => spokenMs >= endMs).length).toBeGreaterThanOrEqual(95);
    for (const end of [ada, ben, server]) end.stop();
  },
);
