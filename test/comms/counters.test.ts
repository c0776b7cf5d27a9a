// Numbers that have begun anew, or gone on, while a listener heard nothing of the speaker.
import { expect, test } from "vitest";
import { JitterBuffer, Turn } from "../../lib/comms/sound/jitter-buffer.js";
import { Speech } from "../../lib/comms/voice/speech.js";
import { VoicePacket } from "../../lib/comms/wire/voice-packet.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

const FRAME_MS = 20;

function pair() {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const [ada, ben] = ["Ada", "Ben"].map((name) => game.newNetwork(name).join()) as [
    CustomCommsNetwork,
    CustomCommsNetwork,
  ];
  const arrive = () => settle(game, [server, ada, ben], 4);
  arrive();
  ben.comms.rooms.join("lobby");
  arrive();
  let heard = 0;
  ben.comms.on("voiceReceived", () => heard++);
  /** Says so many frames, and what of them is heard. */
  const say = (frames: number) => {
    const before = heard;
    for (let index = 0; index < frames; index++) {
      ada.comms.sendVoice(Uint8Array.of(1, 2, 3));
      for (const network of [server, ben]) network.update();
      game.clock.advance(FRAME_MS);
      game.sent.length = 0;
    }
    arrive();
    return heard - before;
  };
  return { ada, arrive, ben, game, say };
}

test.each([1, 63, 64, 65, 100, 127, 128, 200])(
  "after %i speeches to others the next one is heard whole",
  (speeches) => {
    const { ada, arrive, game, say } = pair();
    const speak = (room: string, frames: number) => {
      const channel = ada.comms.roomChannels.open(room);
      const heard = say(frames);
      channel.close();
      arrive();
      game.clock.advance(100);
      return heard;
    };
    expect(speak("lobby", 500)).toBe(500);
    for (let speech = 0; speech < speeches; speech++) expect(speak("staff", 2)).toBe(0);
    for (let speech = 0; speech < 3; speech++) expect(speak("lobby", 10)).toBe(10);
  },
);

test.each([1, 5, 10, 12, 20])(
  "whoever comes back into the room after %i minutes of one speech hears it at once",
  (minutes) => {
    const { ada, arrive, ben, say } = pair();
    ada.comms.roomChannels.open("lobby");
    expect(say(200)).toBe(200);
    ben.comms.rooms.leave("lobby");
    arrive();
    expect(say((minutes * 60_000) / FRAME_MS)).toBe(0);
    ben.comms.rooms.join("lobby");
    arrive();
    expect(say(50)).toBe(50);
    expect(ben.comms.findPlayer("Ada")?.statistics.lost).toBe(0);
  },
);

test("old numbers are old as long as the speaker is heard", () => {
  const speech = new Speech();
  const packet = new VoicePacket();
  const accept = (session: number, counter: number, nowMs: number) => {
    packet.channelSession = session;
    packet.packetCounter = counter;
    return speech.accept(packet, nowMs);
  };
  expect(accept(5, 1000, 0)).toBe(true);
  expect(accept(4, 2000, 4999)).toBe(false);
  expect(accept(5, 900, 4999)).toBe(false);
  // What is refused is no sign of life.
  expect(accept(5, 900, 5000)).toBe(true);
  expect(accept(4, 0, 9999)).toBe(false);
  expect(accept(4, 0, 10_000)).toBe(true);
  expect(accept(4, 0, 20_000)).toBe(false);
  expect(speech).toMatchObject({ duplicates: 1, late: 3, lost: 0 });
});

test.each([1, 5, 10, 11, 15, 20, 21, 22, 40])("after %i minutes of silence the first frame is played", (minutes) => {
  const buffer = new JitterBuffer(FRAME_MS);
  const bytes = new Uint8Array(60);
  const silence = (minutes * 60_000) / FRAME_MS;
  let packet = 0;
  const play = (from: number, to: number, isSilent: boolean) => {
    let played = 0;
    for (let frame = from; frame < to; frame++) {
      const now = frame * FRAME_MS;
      if (!isSilent) buffer.put(frame & 0xffff, packet++, bytes, 0, bytes.length, now);
      if (!buffer.isWaiting(now) && buffer.take(now) === Turn.Frame) played++;
    }
    return played;
  };
  const first = play(0, 100, false) + play(100, 100 + silence, true);
  expect(first).toBe(100);
  const start = 100 + silence;
  // As many as there is time for before the delay is over.
  expect(play(start, start + 100, false)).toBeGreaterThan(90);
  expect(buffer.late).toBe(0);
});
