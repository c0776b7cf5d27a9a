// A program: it gets its settings, as `startBots` of server.mjs writes them, as JSON.
import { nativePrimitives } from "valve-sockets/noise/native";
import { LagSocketFactory } from "valve-sockets/socket";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { seededRandom } from "valve-sockets/testing";
import { Autopilot } from "./autopilot.mjs";
import { Player } from "./player.mjs";

const { gnsPort, udpPort, serverKey, lag, count, seed } = JSON.parse(process.argv[2]);
const encryption = { primitives: nativePrimitives(), serverKey };
const HOST = "127.0.0.1";

function startBot(name, botSeed, factory) {
  const random = seededRandom(botSeed);
  const autopilot = new Autopilot(random);
  const sample = () => {
    // A bot looks at what it would be shown, as a person does.
    bot.world.update();
    return autopilot.sample(bot);
  };
  const socketFactory = new LagSocketFactory(factory, { ...lag, random });
  const bot = new Player(name, sample, { socketFactory, peer: { encryption } });
  return bot.client.connect();
}

const bots = [];
for (let index = 0; index < count; index++) {
  bots.push(startBot(`GNS ${index + 1}`, seed + 2 * index, new GnsSocketFactory({ host: HOST, port: gnsPort })));
  bots.push(startBot(`UDP ${index + 1}`, seed + 2 * index + 1, new UdpSocketFactory({ host: HOST, port: udpPort })));
}
await Promise.all(bots);
console.log(`Bots: ${bots.length}`);
