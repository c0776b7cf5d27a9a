// How long a click takes from one program's microphone to the other's loudspeaker, over UDP on loopback: both in this
// process, with the delay of the frame, the codec, the session and the jitter buffer.
import { PeerCommsNetwork } from "valve-sockets/comms";
import { opusCodec, VoiceCapture, VoicePlayback } from "valve-sockets/comms/audio";
import { percentile, report } from "../peer/report.mjs";
import { factoryOf } from "./factories.mjs";

const RATE = 48_000;
/** What a microphone gives and a loudspeaker takes at a time: 5 ms. */
const PIECE = 240;
const CLICK_EVERY = RATE / 2;
/** 5 ms of a tone. */
const CLICK = 240;
const LOUD = 0.1;

/** Reports the median and the 99th percentile in ms of the clicks after `settle` seconds. */
export async function mouthToEar({ settle, seconds }) {
  const codec = await opusCodec();
  const networkOf = (playerName, port) =>
    new PeerCommsNetwork({ socketFactory: factoryOf("udp", port), playerName, codec: codec.settings });
  const host = networkOf("Ada", 0);
  host.runAsHost();
  const guest = networkOf("Ben", await host.server.bound);
  guest.runAsClient();
  await new Promise((resolve) => guest.comms.on("playerJoined", ({ name }) => name === "Ben" && resolve()));
  guest.comms.rooms.join("room");
  host.comms.roomChannels.open("room");
  const capture = new VoiceCapture(host.comms, codec, { activation: "always" });
  const playback = new VoicePlayback(guest.comms, { codecs: [codec] });

  const begin = performance.now();
  const msOf = (sample) => (sample * 1000) / RATE;
  const delays = [];
  const piece = new Float32Array(PIECE);
  let written = 0;
  let read = 0;
  let quietSince = 0;
  let clickMs = -1;
  while (performance.now() - begin < 1000 * (settle + seconds)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const now = performance.now() - begin;
    // Samples are there when the last of them has been spoken.
    for (; msOf(written + PIECE) <= now; written += PIECE) {
      for (let index = 0; index < PIECE; index++) {
        const place = (written + index) % CLICK_EVERY;
        piece[index] = place < CLICK ? 0.8 * Math.sin((2 * Math.PI * 1000 * place) / RATE) : 0;
        if (place === 0) clickMs = msOf(written + index);
      }
      capture.write(piece);
    }
    for (; msOf(read) <= now; read += PIECE) {
      playback.read(piece);
      for (let index = 0; index < PIECE; index++) {
        if (Math.abs(piece[index]) < LOUD) continue;
        const heardMs = msOf(read + index);
        if (heardMs - quietSince > 100 && clickMs >= 1000 * settle) delays.push(heardMs - clickMs);
        quietSince = heardMs;
      }
    }
  }
  delays.sort((a, b) => a - b);
  const { delayMs, targetMs } = playback.speaker(guest.comms.findPlayer("Ada")).statistics;
  report("result", {
    p50: percentile(delays, 0.5),
    p99: percentile(delays, 0.99),
    count: delays.length,
    delayMs,
    targetMs,
  });
  guest.stop();
  host.stop();
}
