import { expect, onTestFinished, test, vi } from "vitest";
import { ConnectionStatus, isClientEnabled, isServerEnabled, NetworkMode, Unit } from "../../lib/comms/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

const modes = [NetworkMode.None, NetworkMode.Host, NetworkMode.Client, NetworkMode.DedicatedServer];

function run(network: CustomCommsNetwork, mode: NetworkMode): void {
  if (mode === NetworkMode.Host) network.host();
  else if (mode === NetworkMode.Client) network.join();
  else if (mode === NetworkMode.DedicatedServer) network.serve();
  else network.stop();
}

const begins = (mode: NetworkMode) => [
  ...(isServerEnabled(mode) ? ["create server", "server up"] : []),
  ...(isClientEnabled(mode) ? ["create client", "client up"] : []),
];
const ends = (mode: NetworkMode) => [
  ...(isClientEnabled(mode) ? ["client down"] : []),
  ...(isServerEnabled(mode) ? ["server down"] : []),
];

for (const from of modes) {
  for (const to of modes) {
    test(`from ${NetworkMode[from]} to ${NetworkMode[to]}: the server is up first, and down last`, () => {
      const network = new GameNetwork().newNetwork("Ada");
      run(network, from);
      network.log.length = 0;
      run(network, to);
      expect(network.mode).toBe(to);
      expect(network.log).toEqual(from === to ? [] : [...ends(from), ...begins(to)]);
      expect(network.server !== null).toBe(isServerEnabled(to));
      expect(network.client !== null).toBe(isClientEnabled(to));
    });
  }
}

test("it follows a game that starts and stops at random", () => {
  const random = seededRandom(3);
  const network = new GameNetwork().newNetwork("Ada");
  for (let step = 0; step < 10_000; step++) {
    const wanted = modes[Math.floor(random() * 4)] as NetworkMode;
    if (network.mode !== wanted) run(network, wanted);
    network.update();
    expect(network.mode).toBe(wanted);
  }
});

test("a stop inside an event is done after what called it", () => {
  const game = new GameNetwork();
  const network = game.newNetwork("Ada");
  const seen: NetworkMode[] = [];
  network.comms.on("playerJoined", () => {
    network.stop();
    seen.push(network.mode);
  });
  network.host();
  settle(game, [network]);
  expect(seen).toEqual([NetworkMode.Host]);
  expect(network.mode).toBe(NetworkMode.None);
  expect(network.status).toBe(ConnectionStatus.Disconnected);
});

test("fifty sessions of the same objects leave nothing behind", () => {
  const game = new GameNetwork();
  const [host, client] = [game.newNetwork("Ada").host(), game.newNetwork("Ben")];
  for (let round = 0; round < 50; round++) {
    client.join();
    settle(game, [host, client]);
    expect(client.comms.players.map(({ name }) => name).sort()).toEqual(["Ada", "Ben"]);
    client.stop();
    host.server?.clientDisconnected("Ben");
    settle(game, [host, client]);
    expect(host.comms.players.map(({ name }) => name)).toEqual(["Ada"]);
    expect(client.comms.players).toEqual([]);
  }
});

test("a transport that connects late, twice, or after the end", () => {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const client = game.newNetwork("Ben");
  client.connectsAtOnce = false;
  client.join();
  settle(game, [server, client]);
  expect(client.status).toBe(ConnectionStatus.Degraded);
  const { client: first } = client;
  first?.transportConnected();
  first?.transportConnected();
  settle(game, [server, client]);
  expect(client.status).toBe(ConnectionStatus.Connected);
  expect(server.server?.clients.length).toBe(1);
  client.stop();
  game.sent.length = 0;
  first?.transportConnected();
  settle(game, [server, client]);
  expect(game.sent).toEqual([]);
});

test("an unanswered hello is repeated, less and less often", () => {
  const game = new GameNetwork();
  const client = game.newNetwork("Ben").join();
  const times: number[] = [0];
  for (let seen = 1; times.length < 7; ) {
    game.clock.advance(50);
    if (game.sent.length > seen) times.push(game.clock.now());
    seen = game.sent.length;
  }
  const pauses = times.slice(1).map((time, index) => time - (times[index] as number));
  expect(pauses).toEqual([1000, 1500, 2250, 3400, 5000, 5000]);
  client.stop();
  expect(game.clock.timerCount).toBe(0);
});

test("a reliable packet that cannot be sent ends the session, with one fault", () => {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const client = game.newNetwork("Ben").join();
  settle(game, [server, client]);
  const faults: unknown[] = [];
  client.on("fault", (error) => faults.push(error));
  client.refusesReliable = true;
  client.comms.rooms.join("lobby");
  expect(faults).toMatchObject([{ code: "ERR_CONNECTION_LOST" }]);
  expect(client.mode).toBe(NetworkMode.None);
});

test("a fault that nobody listens to goes to the console: in full once, and then as a count", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const network = new GameNetwork().newNetwork("Ada");
  network.refusesReliable = true;
  for (let time = 0; time < 10; time++) network.join();
  expect(warn.mock.calls).toEqual([
    ["valve-sockets: voice failed", expect.objectContaining({ code: "ERR_CONNECTION_LOST" })],
    [expect.stringMatching(/^valve-sockets: 10 times: voice failed: /)],
  ]);
  network.on("fault", () => {});
  for (let time = 0; time < 90; time++) network.join();
  expect(warn).toHaveBeenCalledTimes(2);
});

test("what an integration forgets is one clear error", () => {
  class Forgetful extends CustomCommsNetwork {
    protected override initialize(): void {}
  }
  const game = new GameNetwork();
  expect(() => new Forgetful(game, { clock: game.clock }).host()).toThrow("must call super.initialize()");
});

test("what is asked for while the network prepares itself waits, and the last wish counts", async () => {
  let done = () => {};
  class Slow extends CustomCommsNetwork {
    protected override async initialize(): Promise<void> {
      await new Promise<void>((resolve) => {
        done = resolve;
      });
      await super.initialize();
    }
  }
  const game = new GameNetwork();
  const network = new Slow(game, { clock: game.clock });
  network.runAsHost(Unit.none, Unit.none);
  network.serve();
  expect(network.isInitialized).toBe(false);
  expect(network.mode).toBe(NetworkMode.None);
  done();
  await expect.poll(() => network.mode).toBe(NetworkMode.DedicatedServer);
  expect(network.log).toEqual(["create server", "server up"]);
});

test("wrong options say which", () => {
  const game = new GameNetwork();
  expect(() => game.newNetwork("")).toThrow("The name of a player has 1 to 64 bytes of UTF-8, not 0");
  expect(() => new CustomCommsNetwork(game, { playername: "Ada" } as never)).toThrow("did you mean playerName?");
});
