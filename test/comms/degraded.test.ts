import { expect, test } from "vitest";
import { pcm16Codec, VoicePlayback } from "../../lib/comms/audio.js";
import { CommsInspector, ConnectionStatus, type ICommsPlayer } from "../../lib/comms/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

test("a line with over 5 % of the voice late is Degraded, and Connected 10 s after it is good again", () => {
  const game = new GameNetwork();
  const codec = pcm16Codec({ frameSize: 160, sampleRate: 8000 });
  const server = game.newNetwork("server").serve();
  const [ada, ben] = ["Ada", "Ben"].map((name) => game.newNetwork(name, { codec: codec.settings }).join()) as [
    CustomCommsNetwork,
    CustomCommsNetwork,
  ];
  ben.comms.rooms.join("lobby");
  settle(game, [server, ada, ben]);
  const playback = new VoicePlayback(ben.comms, { codecs: [codec], clock: game.clock });
  ada.comms.roomChannels.open("lobby");
  const statuses: string[] = [];
  ben.on("statusChanged", (status) => statuses.push(ConnectionStatus[status]));
  const random = seededRandom(2);
  const delayed: { atMs: number; from: string; bytes: Uint8Array }[] = [];
  /** Speaks for so long; this share of the packets takes half a second more. */
  const speak = (seconds: number, share: number) => {
    for (let frame = 0; frame < 50 * seconds; frame++) {
      ada.comms.sendVoice(new Uint8Array(320).fill(frame));
      ada.update();
      server.update();
      const queue = game.queueOf("Ben");
      for (const { bytes, from } of queue.splice(0)) {
        const isLate = bytes[2] === 6 && random() < share;
        delayed.push({ atMs: game.clock.now() + (isLate ? 500 : 0), bytes, from });
      }
      for (const packet of delayed.filter(({ atMs }) => atMs <= game.clock.now())) {
        delayed.splice(delayed.indexOf(packet), 1);
        queue.push(packet);
      }
      ben.update();
      playback.read(new Float32Array(160));
      game.sent.length = 0;
      game.clock.advance(20);
    }
  };
  speak(20, 0);
  expect(statuses).toEqual([]);
  const heard = (given?: VoicePlayback) =>
    CommsInspector.snapshot(ben, given).players.find(({ name }) => name === "Ada")?.playback;
  expect(heard()).toBeNull();
  expect(heard(playback)).toEqual(playback.speaker(ben.comms.findPlayer("Ada") as ICommsPlayer)?.statistics);
  expect(heard(playback)?.played).toBeGreaterThan(900);
  speak(20, 0.15);
  expect(statuses).toEqual(["Degraded"]);
  speak(15, 0);
  expect(statuses).toEqual(["Degraded", "Connected"]);
  playback.close();
  for (const network of [ada, ben, server]) network.stop();
  expect(game.clock.timerCount).toBe(0);
});
