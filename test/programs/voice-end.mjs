// A server or a client of voice comms on a host of a NetworkWorld. The argument is JSON: { transport, role, host, name,
// direct }. Over IPC: { speak: seconds } lets a client speak, a frame each 20 ms that says when it was spoken; any
// other message is answered with what was seen.
import { PeerCommsNetwork } from "valve-sockets/comms";
import { pcm16Codec, VoicePlayback } from "valve-sockets/comms/audio";
import { SocketsCommsNetwork } from "valve-sockets/comms/sockets";
import { WebSocketFactory } from "valve-sockets/socket/websocket";

const { transport, role, host, name, direct = null } = JSON.parse(process.argv[2]);
const PORT = 7777;
const codec = pcm16Codec({ frameSize: 160, sampleRate: 8000 });
const options = { playerName: name, codec: codec.settings };
const network =
  transport === "sockets"
    ? new SocketsCommsNetwork({ ...options, direct: role === "server" ? null : direct })
    : new PeerCommsNetwork({ ...options, socketFactory: new WebSocketFactory({ host, port: PORT }) });
const seen = { heard: [], statuses: [], faults: [], queuedBytes: 0 };
network.on("statusChanged", (status) => seen.statuses.push(status));
network.on("fault", (error) => seen.faults.push(error.message));

/** The milliseconds of a clock that all programs of the machine have in common. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

function speak(seconds) {
  const channel = network.comms.roomChannels.open("lobby");
  const startMs = now();
  let frames = 0;
  const timer = setInterval(() => {
    for (; frames < (now() - startMs) / 20 && frames < seconds * 50; frames++) {
      const frame = new Uint8Array(320);
      new DataView(frame.buffer).setFloat64(0, now());
      network.comms.sendVoice(frame);
    }
    if (frames < seconds * 50) return;
    clearInterval(timer);
    channel.close();
    process.send({ spoken: frames });
  }, 5);
}

if (role === "server") {
  if (transport === "sockets") network.runAsDedicatedServer({ host, port: PORT });
  else network.runAsDedicatedServer();
  await network.server.bound; // the sockets' is bound at once
  setInterval(() => {
    for (const { peer } of network.server.clients)
      seen.queuedBytes = Math.max(seen.queuedBytes, peer.bufferedBytes ?? 0);
  }, 5);
} else {
  network.comms.rooms.join("lobby");
  network.comms.on("voiceReceived", ({ frame }) => {
    const bytes = frame.copy();
    seen.heard.push(now() - new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0));
  });
  const playback = new VoicePlayback(network.comms, { codecs: [codec] });
  const startMs = now();
  let played = 0;
  setInterval(() => {
    for (; played < (now() - startMs) / 20; played++) playback.read(new Float32Array(160));
  }, 5);
  network.runAsClient({ host, port: PORT });
}

process.on("message", ({ speak: seconds }) => {
  if (seconds) return speak(seconds);
  const players = network.comms.players.map(({ name, rooms, isDirect, isLocal, statistics }) => ({
    name,
    isDirect,
    isLocal,
    late: statistics.late,
    isListening: rooms.has("lobby"),
  }));
  process.send({ ...seen, players, status: network.status, metrics: network.server?.metrics });
});
process.on("disconnect", () => process.exit());
process.send("ready");
