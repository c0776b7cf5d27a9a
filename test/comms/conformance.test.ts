// What holds over every integration: modes, sessions one after the other, and who hears what.
import { describe, expect, test } from "vitest";
import { BaseClient, BaseServer, ChannelPriority, ConnectionStatus, NetworkMode } from "../../lib/comms/index.js";
import { PacketType } from "../../lib/comms/wire/packets.js";
import type { ByteSegment } from "../../lib/peer/index.js";
import { type AnyNetwork, integrations, type World } from "./integrations.js";

const isConnected = ({ status }: AnyNetwork) => status === ConnectionStatus.Connected;

/** A host and two clients that listen to `lobby`, and know it of each other. */
async function meet(world: World): Promise<[AnyNetwork, AnyNetwork, AnyNetwork]> {
  const all = [world.host, ...world.clients] as [AnyNetwork, AnyNetwork, AnyNetwork];
  for (const { comms } of all) comms.rooms.join("lobby");
  const listeners = ({ comms }: AnyNetwork) => comms.players.filter(({ rooms }) => rooms.has("lobby")).length;
  await world.until(() => all.every((one) => isConnected(one) && listeners(one) === 3));
  expect(all.map(listeners)).toEqual([3, 3, 3]);
  return all;
}

/** What each hears, as text. */
function record(networks: readonly AnyNetwork[]): string[] {
  const heard: string[] = [];
  for (const { comms } of networks) {
    const me = comms.localPlayerName;
    comms.on("playerStartedSpeaking", ({ name }) => heard.push(`${me}: ${name} starts`));
    comms.on("playerStoppedSpeaking", ({ name }) => heard.push(`${me}: ${name} stops`));
    comms.on("voiceReceived", ({ frame, player, priority }) =>
      heard.push(`${me}: ${player.name} ${frame.copy()} ${ChannelPriority[priority]}`),
    );
  }
  return heard;
}

const frame = (number: number) => Uint8Array.of(number, number, number);

describe.each(integrations)("%s", (_name, build) => {
  test("what is said to a room and to a player is heard once by each, and never by the speaker", async () => {
    const world = await build(true);
    const all = await meet(world);
    const [ada, ben] = all;
    const heard = record(all);
    const room = ben.comms.roomChannels.open("lobby");
    const player = ben.comms.playerChannels.open("Ada", { priority: ChannelPriority.High });
    ben.comms.sendVoice(frame(7));
    await world.until(() => heard.length >= 4);
    player.close();
    ben.comms.sendVoice(frame(8));
    await world.until(() => heard.length >= 6);
    room.close();
    await world.until(() => heard.length >= 8);
    expect(heard.sort()).toEqual(
      ["Ada", "Cleo"].flatMap((me) => [
        `${me}: Ben 7,7,7 ${me === "Ada" ? "High" : "Default"}`,
        `${me}: Ben 8,8,8 Default`,
        `${me}: Ben starts`,
        `${me}: Ben stops`,
      ]),
    );
    // The host speaks as well.
    heard.length = 0;
    ada.comms.roomChannels.open("lobby");
    ada.comms.sendVoice(frame(9));
    await world.until(() => heard.length >= 4);
    expect(heard.filter((line) => line.includes("9,9,9")).sort()).toEqual(
      ["Ben", "Cleo"].map((me) => `${me}: Ada 9,9,9 Default`),
    );
    world.stop();
  });

  test("voice never travels reliably, and nothing else unreliably", async () => {
    const counts = { reliable: new Set<PacketType>(), unreliable: new Set<PacketType>() };
    const note = (kind: keyof typeof counts, { buffer, offset }: ByteSegment) =>
      counts[kind].add(buffer[offset + 2] as PacketType);
    const world = await build(false);
    const all = [world.host, ...world.clients];
    const restore = all.flatMap(({ client, server }) => [spy(client, note), spy(server, note)]);
    for (const { comms } of all) comms.rooms.join("lobby");
    const [ben, cleo] = world.clients as [AnyNetwork, AnyNetwork];
    await world.until(() => isConnected(cleo) && ben.comms.findPlayer("Cleo")?.rooms.has("lobby") === true);
    let heard = 0;
    cleo.comms.on("voiceReceived", () => heard++);
    const channel = ben.comms.roomChannels.open("lobby");
    for (let number = 0; number < 20; number++) ben.comms.sendVoice(frame(number));
    ben.comms.text.whisper("Cleo", "a text");
    channel.close();
    await world.until(() => heard === 20);
    for (const each of restore) each();
    const voice = [PacketType.VoiceData, PacketType.RelayUnreliable, PacketType.VoiceReport];
    expect(voice.filter((type) => counts.reliable.has(type))).toEqual([]);
    expect([...counts.unreliable].filter((type) => !voice.includes(type))).toEqual([]);
    expect(counts.unreliable.has(PacketType.VoiceData)).toBe(true);
    expect(counts.reliable.has(PacketType.TextData)).toBe(true);
    world.stop();
  });

  test("a reliable packet that is lost stops the client's session, with one fault", async () => {
    const world = await build(false);
    const [ben, cleo] = world.clients as [AnyNetwork, AnyNetwork];
    await world.until(() => isConnected(ben) && isConnected(cleo));
    const faults: unknown[] = [];
    ben.on("fault", (error) => faults.push(error));
    const client = ben.client as unknown as { sendReliable(packet: ByteSegment): boolean };
    client.sendReliable = () => false;
    ben.comms.rooms.join("another");
    expect(faults).toMatchObject([{ code: "ERR_CONNECTION_LOST" }]);
    expect(ben.mode).toBe(NetworkMode.None);
    expect(ben.comms.players).toEqual([]);
    expect(isConnected(cleo)).toBe(true);
    world.stop();
  });

  test("a packet that the transport loses on its way to a client makes that client join anew", async () => {
    const world = await build(false);
    const [ben, cleo] = world.clients as [AnyNetwork, AnyNetwork];
    await world.until(() => isConnected(ben) && isConnected(cleo));
    const server = world.host.server as unknown as { sendReliable(to: unknown, packet: ByteSegment): unknown };
    const { sendReliable } = Object.getPrototypeOf(server);
    let isLosing = true;
    server.sendReliable = (to, packet) => {
      if (!isLosing) return sendReliable.call(server, to, packet);
      isLosing = false;
      return false;
    };
    const left: string[] = [];
    for (const { comms } of [ben, cleo]) comms.on("playerLeft", ({ name }) => left.push(name));
    ben.comms.rooms.join("lobby");
    await world.until(() => left.length > 0);
    const knows = ({ comms }: AnyNetwork) => comms.findPlayer("Ben")?.rooms.has("lobby") === true;
    await world.until(() => isConnected(ben) && isConnected(cleo) && knows(ben) && knows(cleo));
    expect([ben, cleo].map(isConnected)).toEqual([true, true]);
    expect([ben, cleo].map(knows)).toEqual([true, true]);
    world.stop();
  });
});

type Note = (kind: "reliable" | "unreliable", packet: ByteSegment) => void;

/** Has `note` told of everything that one end gives to its transport. */
function spy(end: object | null, note: Note): () => void {
  if (!(end instanceof BaseClient || end instanceof BaseServer)) return () => {};
  const functions = end as unknown as Record<string, (...given: unknown[]) => unknown>;
  const ways = { sendReliable: "reliable", sendUnreliable: "unreliable", sendUnreliableMany: "unreliable" } as const;
  for (const [name, kind] of Object.entries(ways)) {
    const own = functions[name];
    if (!own) continue;
    functions[name] = (...given) => {
      note(kind, given.at(-1) as ByteSegment);
      return own.apply(end, given);
    };
  }
  return () => {
    for (const name of Object.keys(ways)) delete functions[name];
  };
}
