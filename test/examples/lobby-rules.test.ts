import { NetworkServer } from "valve-sockets/message";
import { MemoryNetwork, MemorySocketFactory } from "valve-sockets/socket";
import { expect, onTestFinished, test, vi } from "vitest";
import { Lobby } from "../../examples/lobby/lobby.mjs";
import { createPlayer, enter } from "../../examples/lobby/player.mjs";
import { Chat, Enter, MAX_MEMBERS, protocol, SetReady } from "../../examples/lobby/protocol.mjs";

async function open(size: number) {
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const errors: unknown[] = [];
  const server = new NetworkServer({ protocol, socketFactory, onError: (error) => errors.push(error) });
  new Lobby(server, "The lobby", size);
  await server.start();
  onTestFinished(() => server.stop());
  const connect = async () => {
    const lines: string[] = [];
    const client = createPlayer(socketFactory, (line: string) => lines.push(line));
    await client.connect();
    return { client, lines };
  };
  return { connect, errors };
}

test("a full lobby refuses one more, takes it when there is a place, and names are names", async () => {
  const { connect, errors } = await open(MAX_MEMBERS + 1);
  const members: Awaited<ReturnType<typeof connect>>[] = [];
  for (let number = 1; number <= MAX_MEMBERS; number++) {
    const member = await connect();
    await enter(member.client, `player ${number}`, () => {});
    members.push(member);
  }
  const late = await connect();
  const ask = (client: typeof late.client, name: string) => client.request(Enter, { name });
  const refused = (text: string) => ({ code: "ERR_REQUEST_REFUSED", message: expect.stringContaining(text) });
  await expect(ask(late.client, "late")).rejects.toMatchObject(refused("full"));

  const [first, second] = members as [(typeof members)[0], (typeof members)[0]];
  await second.client.disconnect();
  await vi.waitUntil(() => !first.lines.findLast((line) => line.startsWith("Roster: "))?.includes("player 2 "));
  for (const name of ["", " ", "\u001b[31mred", "<b>"]) {
    await expect(ask(late.client, name)).rejects.toMatchObject(refused("letters"));
  }
  await enter(late.client, "late", () => {});
  await expect(ask(late.client, "other")).rejects.toMatchObject(refused("already"));
  expect(errors).toEqual([]);
});

test("a player that is ready again while the scene is loaded does not begin the game again", async () => {
  const { connect, errors } = await open(1);
  const { client, lines } = await connect();
  let loaded = () => {};
  client.onLoadScene = () => new Promise<void>((resolve) => (loaded = resolve));
  const begun = () => lines.filter((line) => line.startsWith("The game begins")).length;
  await enter(client, "ada", () => {});
  await vi.waitUntil(() => lines.some((line) => line === "Roster: ada (ready)"));
  client.send(SetReady, { isReady: true });
  client.send(Chat, { from: "", text: "the end" });
  await vi.waitUntil(() => lines.includes("ada: the end"));
  loaded();
  await vi.waitUntil(() => begun() > 0);
  expect([begun(), errors]).toEqual([1, []]);
});
