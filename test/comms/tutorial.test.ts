// docs/comms-tutorial.md is what is tested as an integration, and does what its last section says.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CommsInspector, VoiceBroadcastTrigger, VoiceReceiptTrigger } from "../../lib/comms/index.js";
import { findCodeBlocks } from "../docs/code-blocks.js";
import { CustomCommsNetwork } from "./tutorial/custom-comms-network.js";
import { GameNetwork, Internet } from "./tutorial/game-network.js";

test("the blocks of the page, put together, are the file that is tested", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/comms-tutorial.md"), "utf8");
  const code = findCodeBlocks("docs/comms-tutorial.md", page)
    .map((block) => block.code)
    .join("\n")
    .replace(/"valve-sockets\/(\w+)"/g, '"../../../lib/$1/index.js"');
  expect(code).toBe(readFileSync(join(import.meta.dirname, "tutorial/custom-comms-network.ts"), "utf8"));
});

test("what to check", async () => {
  const internet = new Internet();
  const programs = ["Ada", "Ben", "Cleo"].map((name) => {
    const game = new GameNetwork(internet);
    game.isClient = true;
    return { game, network: new CustomCommsNetwork(game, { playerName: name }) };
  });
  const networks = programs.map(({ network }) => network);
  const [, ben, cleo] = networks as [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork];
  (programs[0] as (typeof programs)[number]).game.isServer = true;
  const turns = async () => {
    for (let turn = 0; turn < 12; turn++) {
      for (const network of networks) network.update();
      await Promise.resolve();
    }
  };
  const shown = () => networks.map((network) => CommsInspector.snapshot(network));
  await turns();

  expect(shown().map(({ mode }) => mode)).toEqual(["Server & Client", "Client", "Client"]);
  expect(shown().map(({ status }) => status)).toEqual(["Connected", "Connected", "Connected"]);

  const texts: string[] = [];
  cleo.comms.on("textReceived", ({ sender, text }) => texts.push(`${sender.name}: ${text}`));
  new VoiceReceiptTrigger(cleo.comms, { room: "Global", isActive: true });
  await turns();
  ben.comms.text.send("Global", "hello");
  await turns();
  expect(texts).toEqual(["Ben: hello"]);

  const heard: string[] = [];
  cleo.comms.on("voiceReceived", ({ player, frame }) => heard.push(`${player.name}: ${frame.copy()}`));
  const trigger = new VoiceBroadcastTrigger(ben.comms, { room: "Global" });
  ben.comms.sendVoice(Uint8Array.of(1, 2, 3));
  trigger.isActive = true;
  ben.comms.sendVoice(Uint8Array.of(4, 5, 6));
  await turns();
  expect(heard).toEqual(["Ben: 4,5,6"]);

  (programs[1] as (typeof programs)[number]).game.leave();
  await turns();
  expect(shown().map(({ players }) => players.map(({ name }) => name))).toEqual([["Ada", "Cleo"], [], ["Ada", "Cleo"]]);
  expect(shown().map(({ mode, status }) => `${mode}, ${status}`)).toEqual([
    "Server & Client, Connected",
    "None, Disconnected",
    "Client, Connected",
  ]);
  // The host's server and client never use the network to talk to each other.
  expect(internet.sent.filter(({ from, to }) => from === to)).toEqual([]);
  for (const network of networks) network.stop();
});
