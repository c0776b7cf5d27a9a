// What the tutorial says to check, by itself, in each integration.
import { expect, test } from "vitest";
import { type CommsText, ConnectionStatus, NetworkMode } from "../../lib/comms/index.js";
import { type AnyNetwork, integrations } from "./integrations.js";

const statusOf = ({ status }: AnyNetwork) => ConnectionStatus[status];
const namesIn = ({ comms }: AnyNetwork) => comms.players.map(({ name }) => name).sort();

for (const [name, build] of integrations) {
  for (const isHost of [true, false]) {
    test(`${name}, ${isHost ? "a host" : "a dedicated server"}`, async () => {
      const world = await build(isHost);
      const { clients, host } = world;
      const [ben, cleo] = clients as [AnyNetwork, AnyNetwork];
      const everybody = isHost ? ["Ada", "Ben", "Cleo"] : ["Ben", "Cleo"];
      const listeners = isHost ? [host, ben, cleo] : [ben, cleo];
      await world.until(() => listeners.every((one) => statusOf(one) === "Connected" && namesIn(one).length > 1));
      await world.until(() => listeners.every((one) => namesIn(one).length === everybody.length));

      // The mode, and the connection.
      expect(host.mode).toBe(isHost ? NetworkMode.Host : NetworkMode.DedicatedServer);
      expect([ben.mode, cleo.mode]).toEqual([NetworkMode.Client, NetworkMode.Client]);
      expect([host, ben, cleo].map(statusOf)).toEqual(["Connected", "Connected", "Connected"]);

      // The list of clients.
      expect(listeners.map(namesIn)).toEqual(listeners.map(() => everybody));

      // A text, to a room and to a player.
      const texts: string[] = [];
      const note = (listener: string) => (text: CommsText) =>
        texts.push(`${listener} < ${text.sender.name}, ${text.room}: ${text.text}`);
      for (const network of [host, ben, cleo]) network.comms.on("textReceived", note(network.comms.localPlayerName));
      cleo.comms.rooms.join("lobby");
      await world.until(() => ben.comms.findPlayer("Cleo")?.rooms.has("lobby") === true);
      expect(ben.comms.text.send("lobby", "hello")).toBe(true);
      expect(cleo.comms.text.whisper("Ben", "hush")).toBe(true);
      expect(cleo.comms.text.whisper("nobody", "hush")).toBe(false);
      await world.until(() => texts.length === 2);
      expect(texts.sort()).toEqual(["Ben < Cleo, null: hush", "Cleo < Ben, lobby: hello"]);

      // A broadcast and a receipt: Ben speaks, Cleo hears it.
      const heard: string[] = [];
      cleo.comms.on("playerStartedSpeaking", (player) => heard.push(`${player.name} starts`));
      cleo.comms.on("playerStoppedSpeaking", (player) => heard.push(`${player.name} stops`));
      cleo.comms.on("voiceReceived", ({ frame, player }) => heard.push(`${player.name}: ${frame.copy()}`));
      const channel = ben.comms.roomChannels.open("lobby");
      expect(ben.comms.sendVoice(Uint8Array.of(1, 2, 3))).toBe(true);
      await world.until(() => heard.length === 2);
      channel.close();
      await world.until(() => heard.length === 3);
      expect(heard).toEqual(["Ben starts", "Ben: 1,2,3", "Ben stops"]);

      // A client disconnects, and disappears.
      const left: string[] = [];
      cleo.comms.on("playerLeft", (player) => left.push(player.name));
      world.lose(ben);
      await world.until(() => left.length > 0 && statusOf(ben) === "Disconnected");
      expect(left).toEqual(["Ben"]);
      expect(cleo.comms.findPlayer("Ben")).toBeUndefined();
      expect(statusOf(ben)).toBe("Disconnected");
      world.stop();
    });
  }
}
