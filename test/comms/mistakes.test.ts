import { expect, test } from "vitest";
import {
  type BrowserAudioOptions,
  g711Codec,
  opusCodec,
  pcm16Codec,
  VoiceCapture,
  VoicePlayback,
} from "../../lib/comms/audio.js";
import { BrowserAudio } from "../../lib/comms/browser-audio.js";
import {
  ChannelPriority,
  type CommsNetworkOptions,
  MessageCommsNetwork,
  PeerCommsNetwork,
  ProximityTrigger,
  VoiceReceiptTrigger,
} from "../../lib/comms/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";

// What a newcomer does wrong: each is told where it was done, and what to do instead.

const codec = pcm16Codec();
const wrong = (value: unknown) => value as never;
const networkWith = (options: CommsNetworkOptions) =>
  new PeerCommsNetwork({ socketFactory: new MemorySocketFactory(new MemoryNetwork()), ...options });
const commsWith = (options: CommsNetworkOptions) => networkWith(options).comms;
const comms = () => commsWith({ codec: codec.settings });

test.each<[string, () => unknown, ErrorConstructor, string]>([
  ["no options", () => new PeerCommsNetwork(wrong(undefined)), TypeError, "The options of PeerCommsNetwork"],
  ["no options", () => new MessageCommsNetwork(wrong(undefined)), TypeError, "The options of MessageCommsNetwork"],
  ["no await", () => new VoiceCapture(comms(), wrong(opusCodec())), TypeError, "not a promise: await it"],
  ["no codec", () => new VoiceCapture(comms(), wrong(undefined)), TypeError, "such as that of await opusCodec()"],
  ["no call", () => new VoiceCapture(comms(), wrong(pcm16Codec)), TypeError, "not a function or class: call it"],
  ["no settings", () => new VoiceCapture(commsWith({}), codec), RangeError, "the option codec: codec.settings"],
  ["a whole codec", () => commsWith({ codec: wrong(codec) }), TypeError, "as in codec: codec.settings"],
  ["half a codec", () => commsWith({ codec: wrong({ codec: 3 }) }), TypeError, "codec needs the option frameSize"],
  ["a codec's promise", () => commsWith({ codec: wrong(opusCodec()) }), TypeError, "not a promise: await it"],
  ["playback of nothing", () => new VoicePlayback(comms(), wrong({})), TypeError, "needs the option codecs"],
  ["playback of what", () => new VoicePlayback(comms(), { codecs: [wrong("opus")] }), TypeError, "Each of codecs"],
  ["a law", () => g711Codec(wrong("a")), RangeError, 'law must be "mu" or "A"'],
  ["a rate", () => pcm16Codec({ sampleRate: wrong("16000") }), TypeError, "sampleRate must be a number"],
  ["no room", () => new VoiceReceiptTrigger(comms(), wrong({})), TypeError, "needs the option room"],
  ["no range", () => new ProximityTrigger(comms(), wrong({})), TypeError, "needs the option range"],
  ["no comms", () => new ProximityTrigger(wrong(networkWith({})), { range: 5 }), TypeError, "an instance of Comms"],
  ["a name", () => comms().findPlayer(wrong(5)), TypeError, "The name of a player must be a string"],
  ["a room", () => comms().rooms.has(wrong(5)), TypeError, "The name of a room must be a string"],
  ["a frame", () => comms().sendVoice(wrong("hello")), TypeError, "frame must be a Uint8Array"],
  ["a priority", () => comms().roomChannels.open("x", { priority: wrong("High") }), RangeError, "ChannelPriority.Low"],
  ["a priority", () => comms().roomChannels.open("x", { priority: wrong(4) }), RangeError, "ChannelPriority.Low"],
])("%s: %o", (_, run, kind, text) => {
  expect(run).toThrow(kind);
  expect(run).toThrow(text);
});

test("what is set later is checked as what was given at first: a typing error must not open the microphone", () => {
  const owner = comms();
  const capture = new VoiceCapture(owner, codec, { activation: "push" });
  const push = () => Object.assign(capture, { activation: "Push" });
  expect(push).toThrow('activation must be "voice" or "push" or "always"');
  expect(capture.activation).toBe("push");
  const high = () => Object.assign(owner, { playerPriority: "High" });
  expect(high).toThrow("ChannelPriority.Low");
  expect(owner.playerPriority).toBe(ChannelPriority.Default);
  capture.close();
});

test("a page that gives no codec, or its promise, is told so before anything else", async () => {
  await expect(BrowserAudio.open(comms(), wrong({}))).rejects.toThrow("BrowserAudio needs the option codec");
  const late = { codec: opusCodec() } as unknown as BrowserAudioOptions;
  await expect(BrowserAudio.open(comms(), late)).rejects.toThrow("not a promise: await it");
});

test("a volume and a removal on the server take what they can use, a name in any form of Unicode", async () => {
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const host = new PeerCommsNetwork({ socketFactory, playerName: "Ada" });
  const listening = new Promise<void>((resolve) => {
    host.runAsHost();
    host.server?.on("startedListening", () => resolve());
  });
  host.comms.rooms.join("caf\u00e9");
  await listening;
  const player = host.comms.findPlayer("Ada");
  if (!player) throw new Error("Ada is not there");
  for (const volume of [5, Number.NaN, "1"]) expect(() => Object.assign(player, { volume })).toThrow("volume must be");
  player.volume = 2;
  expect(player.volume).toBe(2);
  const [client] = host.server?.clients ?? [];
  expect(() => client?.removeFromRoom(wrong(5))).toThrow("The name of a room must be a string");
  expect(client?.removeFromRoom("cafe\u0301")).toBe(true);
  host.stop();
});
