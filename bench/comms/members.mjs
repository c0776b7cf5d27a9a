// Members of a voice session, all in this process: some of them speak, all count what they hear.
import { createSocket } from "node:dgram";
import { ConnectionStatus, MessageCommsNetwork, PeerCommsNetwork } from "valve-sockets/comms";
import { defineProtocol, NetworkClient } from "valve-sockets/message";
import { nativePrimitives } from "valve-sockets/noise/native";
import { cpuSeconds, percentile, report } from "../peer/report.mjs";
import { factoryOf, peerSettings } from "./factories.mjs";
import { joinMumble } from "./mumble.mjs";

/** One member joins; it calls `onVoice(buffer, offset)` for each frame that it hears. Resolves with what it can do. */
const joins = {
  async dgram({ port }, onVoice) {
    const socket = createSocket({ type: "udp4", recvBufferSize: 2 ** 20 });
    await new Promise((resolve) => socket.connect(port, "127.0.0.1", resolve));
    socket.send("hello");
    await new Promise((resolve) => socket.once("message", resolve));
    socket.on("message", (data) => onVoice(data, 0));
    // dgram reads the bytes when the kernel has room.
    return { send: (frame) => socket.send(frame.slice()), leave: () => socket.close() };
  },
  udp: (place, onVoice) => joinPeer("udp", null, place, onVoice),
  noise: (place, onVoice) => joinPeer("udp", { primitives: nativePrimitives(), serverKey: place.key }, place, onVoice),
  gns: (place, onVoice) => joinPeer("gns", null, place, onVoice),
  async message({ name, port, room }, onVoice) {
    const protocol = defineProtocol({ name: "voice", version: 1, messages: [] });
    const client = new NetworkClient({ protocol, socketFactory: factoryOf("udp", port), peer: peerSettings(null) });
    const network = new MessageCommsNetwork({ client, playerName: name });
    const connected = whenConnected(network);
    await client.connect();
    await connected;
    return enter(network, room, onVoice, () => void client.disconnect());
  },
  mumble: joinMumble,
};

async function joinPeer(socket, encryption, { name, port, room }, onVoice) {
  const network = new PeerCommsNetwork({
    socketFactory: factoryOf(socket, port),
    peer: peerSettings(encryption),
    playerName: name,
  });
  const connected = whenConnected(network);
  network.runAsClient();
  await connected;
  return enter(network, room, onVoice, () => network.stop());
}

function whenConnected(network) {
  return new Promise((resolve, reject) => {
    network.on("statusChanged", (status) => status === ConnectionStatus.Connected && resolve());
    network.on("fault", reject);
  });
}

function enter({ comms }, room, onVoice, leave) {
  comms.rooms.join(room);
  comms.roomChannels.open(room);
  comms.on("voiceReceived", ({ frame }) => onVoice(frame.buffer, frame.offset));
  return { send: (frame) => comms.sendVoice(frame), leave };
}

/** 24 kbit/s in frames of 20 ms. */
const FRAME_BYTES = 60;
const FRAMES_PER_SECOND = 50;
/** The speakers are spread over the time of a frame. */
const PHASES = 10;
const SLOWEST_START_MS = 60_000;
/** So many join at once. */
const PORTION = 20;
/** Every so many packets the time on the way is measured. */
const SAMPLED = 16;

/**
 * `members` join rooms of `room` each, the first `speakers` of them in turn over the rooms speak for `warmup` and then
 * `seconds`. Reports how many frames should have come in that time and how many did, and the times on the way in ms.
 */
export async function members({ kind, members: count, speakers, room: roomSize, warmup, seconds, ...place }) {
  let received = 0;
  const delays = [];
  const stamp = new Float64Array(1);
  const stampBytes = new Uint8Array(stamp.buffer);
  const onVoice = (buffer, offset) => {
    if (++received % SAMPLED !== 0 || buffer === null) return;
    for (let index = 0; index < 8; index++) stampBytes[index] = buffer[offset + index];
    delays.push(performance.now() - stamp[0]);
  };
  const rooms = Math.ceil(count / roomSize);
  const all = [];
  while (all.length < count) {
    const portion = Array.from({ length: Math.min(PORTION, count - all.length) }, (_, index) => all.length + index);
    const join = (index) => joins[kind]({ ...place, name: `m${index}`, room: `r${index % rooms}` }, onVoice);
    all.push(...(await Promise.all(portion.map(join))));
  }
  const frame = new Uint8Array(FRAME_BYTES).fill(120);
  const time = new Float64Array(frame.buffer, 0, 1);
  let sent = 0;
  const speak = async (forSeconds) => {
    const startedAt = performance.now();
    const ticks = forSeconds * FRAMES_PER_SECOND * PHASES;
    for (let tick = 0; tick < ticks; ) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const due = ((performance.now() - startedAt) / 1000) * FRAMES_PER_SECOND * PHASES;
      for (; tick < Math.min(due, ticks); tick++) {
        for (let index = tick % PHASES; index < speakers; index += PHASES) {
          time[0] = performance.now();
          all[index].send(frame);
          sent++;
        }
      }
    }
  };
  await settled(() => received);
  await speak(warmup);
  await settled(() => received);
  sent = received = delays.length = 0;
  report("warm");
  const startedCpu = cpuSeconds();
  await speak(seconds);
  await settled(() => received);
  const listeners = count / rooms - 1;
  delays.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(delays, share));
  report("result", { sent, expected: sent * listeners, received, p50, p99, cpuSeconds: cpuSeconds() - startedCpu });
  for (const { leave } of all) leave();
}

/** Waits until nothing more comes. */
async function settled(read) {
  const deadline = performance.now() + SLOWEST_START_MS;
  for (let before = -1; before !== read() && performance.now() < deadline; ) {
    before = read();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
