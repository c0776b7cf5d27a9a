// node recorder.mjs <file.wav> [host] [UDP port] [room]: writes what is heard there into a file, until Ctrl+C.
import { setTimeout as pause } from "node:timers/promises";
import { ConnectionStatus, PeerCommsNetwork } from "valve-sockets/comms";
import { opusCodec, VoicePlayback } from "valve-sockets/comms/audio";
import { createWavWriter } from "valve-sockets/comms/node";
import { printable } from "valve-sockets/socket";
import { UdpSocketFactory } from "valve-sockets/socket/udp";

const [file, host = "localhost", port = "7777", room = "lobby"] = process.argv.slice(2);
if (!file) throw new Error("Into which file? node recorder.mjs <file.wav> [host] [UDP port] [room]");
const codec = await opusCodec();
const { sampleRate } = codec.settings;
const wav = await createWavWriter(file, sampleRate);

const socketFactory = new UdpSocketFactory({ host, port: Number(port) });
const network = new PeerCommsNetwork({ socketFactory, playerName: "Recorder", codec: codec.settings });
const connected = new Promise((resolve, reject) => {
  network.on("statusChanged", (status) => status === ConnectionStatus.Connected && resolve());
  network.on("fault", reject);
});
network.runAsClient();
await connected;

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
network.comms.rooms.join(room);
network.comms.on("playerStartedSpeaking", ({ name }) => console.log(`${printable(name)} speaks`));
network.comms.on("playerStoppedSpeaking", ({ name }) => console.log(`${printable(name)} is silent`));
const playback = new VoicePlayback(network.comms, { codecs: [codec] });
console.log(`Recording ${room}`);
const start = performance.now();
for (let written = 0; !stop.signal.aborted; ) {
  await pause(20);
  const due = Math.floor(((performance.now() - start) / 1000) * sampleRate);
  const samples = new Float32Array(due - written);
  playback.read(samples);
  await wav.write(samples);
  written = due;
}
playback.close();
network.stop();
await wav.close();
console.log(`${file} is written`);
