// node bot.mjs <file.wav> [host] [UDP port] [room]: says what is in the file (48 kHz), and leaves.
import { setTimeout as pause } from "node:timers/promises";
import { ConnectionStatus, PeerCommsNetwork } from "valve-sockets/comms";
import { opusCodec, VoiceCapture } from "valve-sockets/comms/audio";
import { readWav } from "valve-sockets/comms/node";
import { UdpSocketFactory } from "valve-sockets/socket/udp";

const [file, host = "localhost", port = "7777", room = "lobby"] = process.argv.slice(2);
const { samples, sampleRate } = await readWav(file);
const codec = await opusCodec();
if (sampleRate !== codec.settings.sampleRate) throw new Error(`${file} has ${sampleRate} samples a second, not 48000`);

const socketFactory = new UdpSocketFactory({ host, port: Number(port) });
const network = new PeerCommsNetwork({ socketFactory, playerName: "Bot", codec: codec.settings });
const connected = new Promise((resolve, reject) => {
  network.on("statusChanged", (status) => status === ConnectionStatus.Connected && resolve());
  network.on("fault", reject);
});
network.runAsClient();
await connected;

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
const channel = network.comms.roomChannels.open(room);
const capture = new VoiceCapture(network.comms, codec, { activation: "always" });
console.log(`Speaking in ${room}`);
const start = performance.now();
for (let sent = 0; sent < samples.length && !stop.signal.aborted; ) {
  await pause(20);
  const due = Math.floor(((performance.now() - start) / 1000) * sampleRate);
  capture.write(samples.subarray(sent, due));
  sent = due;
}
channel.close();
capture.close();
network.stop();
