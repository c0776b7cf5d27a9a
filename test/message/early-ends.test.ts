import { describe, expect, test } from "vitest";
import type { ClientExtension, NetworkServer, ServerExtension } from "../../lib/message/index.js";
import type { LibraryConnection } from "../../lib/peer/connection/connection.js";
import { DisconnectCode } from "../../lib/socket/index.js";
import { MessageWorld } from "../support/message-world.js";
import { atPort, newProtocol, serversWithStore } from "../support/server-group.js";

type Hook<Extension> = Exclude<keyof Extension, "messages">;

/** A layer that writes down what it hears of players, by its name. */
function listening<Extension extends object>(
  name: string,
  hooks: readonly Hook<Extension>[],
  log: string[],
): Extension {
  return Object.fromEntries(hooks.map((hook) => [hook, () => void log.push(`${name} ${String(hook)}`)])) as Extension;
}

const CLIENT_HOOKS = [
  ...(["playerAuthenticated", "playerMoved", "playerSuspended", "playerResumed"] as const),
  "playerDisconnecting",
] as const;

describe("a layer of a client that disconnects its player", () => {
  /** A client whose first layer disconnects when it is called for the `at`th time, and a second layer. */
  async function leaving(hook: "playerAuthenticated" | "playerMoved" | "playerSuspended" | "playerResumed", at = 1) {
    const group = await serversWithStore(2, "datagram", { doors: () => [atPort(7778)] });
    const { world, servers, store } = group;
    store.remove = () => {};
    const client = world.newClient();
    const log: string[] = [];
    let calls = 0;
    const leave = () => void (++calls === at && client.disconnect());
    client.use({ [hook]: leave });
    client.use(listening<ClientExtension>("second", CLIENT_HOOKS, log));
    for (const name of ["authenticated", "suspended", "resumed", "disconnected"] as const)
      client.on(name, () => void log.push(name));
    client.connect().catch(() => {});
    await world.until(() => client.isAuthenticated || !client.active || calls > 0);
    const lose = () => {
      const connection = servers[0]?.players[0]?.connection as LibraryConnection;
      connection.refuse(DisconnectCode.Timeout, "Lost");
    };
    return { ...group, client, log, lose };
  }

  test("when it is admitted: the end is the last that anybody hears", async () => {
    const { world, log, client } = await leaving("playerAuthenticated");
    await world.run(200);
    expect(log).toEqual(["disconnected", "second playerDisconnecting"]);
    expect(client.active).toBe(false);
  });

  test("when it is lost", async () => {
    const { world, log, lose } = await leaving("playerSuspended");
    log.length = 0;
    lose();
    await world.run(3000, 20);
    expect(log).toEqual(["disconnected", "second playerDisconnecting"]);
  });

  test("when it has come back", async () => {
    const { world, log, lose } = await leaving("playerResumed");
    lose();
    await world.until(() => log.includes("disconnected"), 20);
    await world.run(500, 20);
    expect(log.slice(log.indexOf("disconnected"))).toEqual(["disconnected", "second playerDisconnecting"]);
    expect(log).not.toContain("resumed");
  });

  test("when it has come back at another server", async () => {
    const { world, log, servers } = await leaving("playerMoved", 2);
    void servers[0]?.stop();
    await world.until(() => log.includes("disconnected"), 20);
    await world.run(500, 20);
    expect(log.slice(log.indexOf("disconnected"))).toEqual(["disconnected", "second playerDisconnecting"]);
    expect(log).not.toContain("resumed");
  });
});

describe("a layer of a server that disconnects a player", () => {
  const hooks = ["playerAuthenticated", "playerReady", "playerSuspended", "playerResumed"] as const;

  test.each(hooks)("in %s: nobody hears of the player behind that", async (hook) => {
    const world = new MessageWorld({ protocol: newProtocol(), server: { sessions: {} } });
    const { server } = world;
    const log: string[] = [];
    server.use({ [hook]: (player: Parameters<NonNullable<ServerExtension["playerReady"]>>[0]) => player.disconnect() });
    server.use(listening<ServerExtension>("second", [...hooks, "playerDisconnecting"], log));
    for (const name of ["authenticated", "readied", "suspended", "resumed", "disconnected"] as const)
      (server as NetworkServer).on(name, () => void log.push(name));
    await server.start();
    const { client } = world.dial();
    await world.until(() => server.authenticatedPlayers.length > 0 || log.includes("disconnected"));
    await world.run(50);
    const [player] = server.players;
    if (player) (player.connection as LibraryConnection).refuse(DisconnectCode.Timeout, "Lost");
    await world.until(() => log.includes("disconnected"), 20);
    await world.run(500, 20);
    expect(log.filter((line) => line.includes("isconnect"))).toHaveLength(2);
    expect(log.slice(-2).sort()).toEqual(["disconnected", "second playerDisconnecting"]);
    expect(log).not.toContain(`second ${hook}`);
    expect(server.players).toEqual([]);
    void client.disconnect();
  });
});
