import { inspect } from "valve-sockets/inspector";
import { NetworkServer } from "valve-sockets/message";
import { ClientFigures, ServerObjectManager } from "valve-sockets/object";
import { LagSocketFactory } from "valve-sockets/socket";
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { servePage } from "../page-server.mjs";
import { BOT_COUNT, BotPrefab, conditionsOf, Network, parts, placeOf, protocol, TICK_RATE } from "./game.mjs";

/**
 * Opens a server with bots that move by themselves, and its page. Each page has a network as bad as it asks for. With
 * `isInspected` another page, `inspectorPage`, shows what the server does.
 */
export async function openBadNetwork({ httpPort = 0, isInspected = false } = {}) {
  const http = await servePage(import.meta.url, httpPort);
  const lag = new LagSocketFactory(new BrowserSocketFactory({ webSocket: { server: http } }));
  const server = new NetworkServer({ protocol, tickRate: TICK_RATE, socketFactory: lag });
  const objects = new ServerObjectManager(server, parts);
  const figures = new ClientFigures(server);
  const bots = [];

  server.on("started", () => {
    for (let number = 0; number < BOT_COUNT; number++) {
      const init = ({ bot }) => Object.assign(bot, { number, position: placeOf(number, server.tick) });
      bots.push(objects.spawn(BotPrefab, { init }).bot);
    }
  });
  server.on("ticked", () => {
    for (const bot of bots) bot.position = placeOf(bot.number, server.tick);
  });
  server.messageHandler.register(Network, (network, { address }) =>
    lag.setConditionsOf(address, conditionsOf(network)),
  );
  server.on("disconnected", ({ address }) => lag.setConditionsOf(address, null));

  let inspector = null;
  const close = async () => {
    await inspector?.close();
    await server.stop();
    http.close();
    http.closeAllConnections();
  };
  try {
    await server.start();
    if (isInspected) inspector = await inspect(server, { objects, figures, lag, controls: true, payloads: true });
  } catch (error) {
    await close();
    throw error;
  }
  return { page: `http://localhost:${http.address().port}/`, inspectorPage: inspector?.url ?? null, close };
}
