import { beforeEach, describe, expect, test, vi } from "vitest";
import { type INetworkPlayer, RequestRefusedError } from "../../../lib/message/index.js";
import { ErrorFlags } from "../../../lib/message/protocol/error-flags.js";
import { NetworkBehaviour } from "../../../lib/object/behaviour/network-behaviour.js";
import { networked } from "../../../lib/object/behaviour/networked.js";
import type { RpcCall } from "../../../lib/object/behaviour/rpc.js";
import { clientRpc, serverRpc } from "../../../lib/object/declare-rpc.js";
import { body } from "../../../lib/object/rpc/call-format.js";
import { ClientCalls } from "../../../lib/object/rpc/client-calls.js";
import { ServerCalls } from "../../../lib/object/rpc/server-calls.js";
import { seededRandom } from "../../../lib/random.js";
import { NetworkReader, NetworkWriter, string, u8, u16, u32 } from "../../../lib/serialization/index.js";
import { FakeClock } from "../../../lib/testing/fake-clock.js";

class Methods extends NetworkBehaviour {
  readonly ran: unknown[] = [];
  answer: (call: RpcCall) => unknown = () => 0;
  async buy(item: number, call?: RpcCall): Promise<number> {
    this.ran.push(["buy", item, call?.player.id]);
    return (await this.answer(call as RpcCall)) as number;
  }
  wave(times: number) {
    this.ran.push(["wave", times]);
  }
  hit(damage: number) {
    this.ran.push(["hit", damage]);
  }
  said(text: string) {
    this.ran.push(["said", text]);
  }
  scored() {
    this.ran.push(["scored"]);
  }
  boast(text: string) {
    this.ran.push(["boast", text]);
  }
  async ask(player: INetworkPlayer, question: string): Promise<number> {
    this.ran.push(["ask", player.id, question]);
    return (await this.answer(undefined as never)) as number;
  }
}

const Ship = networked(
  class Ship extends Methods {},
  {},
  {
    buy: serverRpc([u16], { returns: u32 }),
    wave: serverRpc([u8], { anyone: true }),
    hit: serverRpc([u8], { rateLimit: { perSecond: 2, cost: 7 } }),
    said: clientRpc([string(9)]),
    scored: clientRpc([], { to: "owner" }),
    boast: clientRpc([string(9)], { to: "others" }),
    ask: clientRpc([string(9)], { to: "player", returns: u32 }),
  },
);
type ShipObject = { item: number; netId: number; parts: InstanceType<typeof Ship>[]; owner: INetworkPlayer | null };

const ITEM = 5;
const COUNT = 3;

function worldOf() {
  const clock = new FakeClock();
  const errors: unknown[] = [];
  const players = Array.from({ length: COUNT }, (_, index) => {
    const abort = new AbortController();
    return {
      id: index + 1,
      ready: true,
      signal: abort.signal,
      leave: () => abort.abort(new Error("left")),
      chargeError: vi.fn(),
    };
  });
  const asPlayer = (index: number) => players[index] as unknown as INetworkPlayer;
  const objectOf = (): ShipObject => {
    const ship = new Ship();
    return { item: ITEM, netId: 1, parts: [ship], owner: null };
  };
  const link = (object: ShipObject, call: (...args: never[]) => unknown) =>
    NetworkBehaviour.setLink(object.parts[0] as NetworkBehaviour, {
      identity: {} as never,
      netId: 1,
      indexOf: () => 0,
      rescope: () => {},
      startControl: () => () => {},
      callRpc: (behaviour, rpc, args, options) => call(...([object, behaviour, rpc, args, options] as never[])),
    });
  const object = objectOf();
  object.owner = asPlayer(0);
  const gone = new Set<number>();
  let lost = Number.NEGATIVE_INFINITY;
  const clientObjects = Array.from({ length: COUNT }, objectOf);
  const missing = new Set<number>();
  const counts = { bodies: 0, bytes: [] as Uint8Array[] };
  const atClient = (player: INetworkPlayer, kind: "receive" | "receiveAnswer") => {
    const bytes = body.toBytes();
    counts.bytes.push(bytes);
    queue.push(() => clients[player.id - 1]?.[kind](new NetworkReader(bytes)));
  };
  const atServer = (index: number, kind: "receive" | "receiveAnswer") => {
    const bytes = body.toBytes();
    queue.push(() => server[kind](asPlayer(index), new NetworkReader(bytes)));
  };
  const queue: (() => void)[] = [];
  const rpcsOf = ({ parts: [ship] }: ShipObject) => [
    NetworkBehaviour.valuesOf(ship as NetworkBehaviour).definition.rpcs.map(({ index }) => index),
  ];
  const server = new ServerCalls<ShipObject>({
    clock,
    tick: 9,
    find: (player, netId) => (netId === 1 && !gone.has(player.id) ? object : gone.has(player.id) ? "gone" : null),
    rpcsOf,
    lostMs: () => lost,
    viewed: () => {},
    observersOf: () => [0, 1].map(asPlayer),
    isSeenBy: (_, { id }) => id <= 2,
    sendCall(_, to) {
      counts.bodies++;
      for (const player of to) atClient(player, "receive");
    },
    sendAnswer: (player) => atClient(player, "receiveAnswer"),
    report: (error) => errors.push(error),
  });
  link(object, server.call.bind(server) as never);
  const clients = clientObjects.map((of, index) => {
    const calls = new ClientCalls<ShipObject>({
      clock,
      tick: 9,
      viewTick: null,
      player: asPlayer(index),
      find: (item) => (item === ITEM && !missing.has(index) ? of : null),
      rpcsOf,
      whenShown: (_object, _tick, run) => run(),
      sendCall: () => atServer(index, "receive"),
      sendAnswer: () => atServer(index, "receiveAnswer"),
      report: (error) => errors.push(error),
    });
    link(of, calls.call.bind(calls) as never);
    return calls;
  });
  const deliver = async () => {
    for (let turn = 0; turn < 20; turn++) {
      for (const arrive of queue.splice(0)) arrive();
      await Promise.resolve();
    }
  };
  return {
    clock,
    errors,
    players,
    asPlayer,
    server,
    clients,
    object,
    ship: object.parts[0] as InstanceType<typeof Ship>,
    ships: clientObjects.map(({ parts }) => parts[0] as InstanceType<typeof Ship>),
    clientObjects,
    gone,
    missing,
    counts,
    deliver,
    loseAt: (ms: number) => (lost = ms),
  };
}

let world: ReturnType<typeof worldOf>;
beforeEach(() => {
  world = worldOf();
});
const shipOf = (index: number) => world.ships[index] as InstanceType<typeof Ship>;
const chargesOf = (index: number) => world.players[index]?.chargeError.mock.calls;

describe("a server RPC", () => {
  test("of the owner runs with its arguments and who called, and gives what it returned", async () => {
    world.ship.answer = ({ tick }) => tick + 33;
    const promise = shipOf(0).buy(700);
    await world.deliver();
    expect(world.ship.ran).toEqual([["buy", 700, 1]]);
    await expect(promise).resolves.toBe(42);
    expect(world.players.flatMap(({ chargeError }) => chargeError.mock.calls)).toEqual([]);
  });

  test("of another player runs only if anyone may call it", async () => {
    shipOf(1).wave(3);
    shipOf(1).hit(1);
    const refused = expect(shipOf(1).buy(1)).rejects.toMatchObject({ code: "ERR_RPC_REFUSED" });
    await world.deliver();
    await refused;
    expect(world.ship.ran).toEqual([["wave", 3]]);
    expect(chargesOf(1)).toEqual([
      [10, ErrorFlags.NoAuthority],
      [10, ErrorFlags.NoAuthority],
    ]);
  });

  test("of who lost the object a moment ago is ignored, and later charged", async () => {
    world.object.owner = world.asPlayer(1);
    world.loseAt(world.clock.now());
    shipOf(0).hit(1);
    await world.deliver();
    expect([world.ship.ran, chargesOf(0)]).toEqual([[], []]);
    world.loseAt(world.clock.now() - 5000);
    shipOf(0).hit(1);
    await world.deliver();
    expect(chargesOf(0)).toEqual([[10, ErrorFlags.NoAuthority]]);
  });

  test("above its rate is dropped at its cost, over all objects", async () => {
    for (let hit = 1; hit <= 4; hit++) shipOf(0).hit(hit);
    await world.deliver();
    expect(world.ship.ran).toEqual([
      ["hit", 1],
      ["hit", 2],
    ]);
    expect(chargesOf(0)).toEqual([
      [7, ErrorFlags.RateLimit],
      [7, ErrorFlags.RateLimit],
    ]);
  });

  test("of an object that has gone is ignored, of one that there is not charged", async () => {
    world.gone.add(1);
    const gone = expect(shipOf(0).buy(1)).rejects.toMatchObject({ code: "ERR_OBJECT_GONE" });
    await world.deliver();
    await gone;
    expect(chargesOf(0)).toEqual([]);
    world.gone.clear();
    (world.clientObjects[0] as ShipObject).netId = 99;
    shipOf(0).hit(1);
    await world.deliver();
    expect(chargesOf(0)).toEqual([[10, ErrorFlags.RpcSync]]);
  });

  test("of a player that is not ready does nothing", async () => {
    (world.players[0] as { ready: boolean }).ready = false;
    shipOf(0).hit(1);
    await world.deliver();
    expect([world.ship.ran, chargesOf(0)]).toEqual([[], []]);
  });

  test("with an answer that cannot be written fails, and is reported", async () => {
    world.ship.answer = () => -1;
    const failed = expect(shipOf(0).buy(1)).rejects.toMatchObject({ code: "ERR_RPC_FAILED" });
    await world.deliver();
    await failed;
    expect(world.errors).toHaveLength(1);
    expect(chargesOf(0)).toEqual([[0, ErrorFlags.RpcException]]);
  });

  test("that refuses says why, and is not reported", async () => {
    world.ship.answer = () => {
      throw new RequestRefusedError("no\nmoney");
    };
    const refused = expect(shipOf(0).buy(1)).rejects.toMatchObject({
      code: "ERR_RPC_REFUSED",
      message: "no\\u{a}money",
      reason: { code: 0, text: "no\nmoney" },
    });
    await world.deliver();
    await refused;
    expect(world.errors).toEqual([]);
  });

  test("more than 32 under way are dropped at a cost", async () => {
    world.ship.answer = () => new Promise(() => {});
    const outcomes = Array.from({ length: 33 }, () =>
      shipOf(0)
        .buy(1)
        .catch(({ code }) => code),
    );
    await world.deliver();
    expect(world.ship.ran).toHaveLength(32);
    expect(chargesOf(0)).toEqual([[10, ErrorFlags.RateLimit]]);
    expect(await outcomes[32]).toBe("ERR_RPC_REFUSED");
  });

  test("its signal aborts when the player leaves, and when the object goes", async () => {
    const signals: AbortSignal[] = [];
    world.ship.answer = ({ signal }) => new Promise(() => signals.push(signal));
    void shipOf(0).buy(1);
    await world.deliver();
    world.server.objectGone(world.object);
    void shipOf(0).buy(2);
    await world.deliver();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    world.players[0]?.leave();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  test("is not called on the server, nor a client RPC on a client", () => {
    expect(() => world.ship.hit(1)).toThrow(expect.objectContaining({ code: "ERR_WRONG_SIDE" }));
    expect(() => shipOf(0).said("x")).toThrow(expect.objectContaining({ code: "ERR_WRONG_SIDE" }));
  });
});

describe("a client RPC goes to", () => {
  const ranAt = () => world.ships.map(({ ran }) => ran.length);

  test.each([
    ["observers", () => world.ship.said("hi"), [1, 1, 0]],
    ["the owner", () => world.ship.scored(), [1, 0, 0]],
    ["the others", () => world.ship.boast("hi"), [0, 1, 0]],
  ])("%s, written once for all", async (_, call, expected) => {
    call();
    await world.deliver();
    expect(ranAt()).toEqual(expected);
    expect(world.counts.bodies).toBe(1);
    expect(new Set(world.counts.bytes.map(String)).size).toBe(1);
  });

  test("one player, whose answer the server gets", async () => {
    shipOf(1).answer = () => 77;
    const promise = world.ship.ask(world.asPlayer(1), "why?");
    await world.deliver();
    await expect(promise).resolves.toBe(77);
    expect(shipOf(1).ran).toEqual([["ask", 2, "why?"]]);
    expect(ranAt()).toEqual([0, 1, 0]);
  });

  test("nobody who does not see the object, and is dropped where it is missing", async () => {
    await expect(world.ship.ask(world.asPlayer(2), "why?")).rejects.toMatchObject({ code: "ERR_OBJECT_GONE" });
    world.missing.add(1);
    world.ship.said("hi");
    const missing = expect(world.ship.ask(world.asPlayer(1), "why?")).rejects.toMatchObject({
      code: "ERR_OBJECT_GONE",
    });
    await world.deliver();
    await missing;
    expect(ranAt()).toEqual([1, 0, 0]);
  });
});

describe("the promise of a call settles", () => {
  test("after its time, 10 s or what is said", async () => {
    const late = expect(shipOf(0).buy(1)).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    const soon = expect(shipOf(0).buy.with({ timeoutMs: 50 })(1)).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    world.clock.advance(50);
    await soon;
    world.clock.advance(9950);
    await late;
    expect(world.clock.timerCount).toBe(0);
  });

  test("with the signal's reason", async () => {
    const abort = new AbortController();
    const promise = shipOf(0).buy.with({ signal: abort.signal })(1);
    abort.abort(new Error("changed my mind"));
    await expect(promise).rejects.toThrow("changed my mind");
    await expect(shipOf(0).buy.with({ signal: abort.signal })(1)).rejects.toThrow("changed my mind");
  });

  test("when the connection is lost, the player leaves, or the object goes", async () => {
    const codes = [
      expect(shipOf(0).buy(1)).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" }),
      expect(shipOf(1).buy(1)).rejects.toMatchObject({ code: "ERR_OBJECT_GONE" }),
      expect(world.ship.ask(world.asPlayer(0), "?")).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" }),
      expect(world.ship.ask(world.asPlayer(1), "?")).rejects.toMatchObject({ code: "ERR_OBJECT_GONE" }),
    ];
    world.clients[0]?.connectionLost();
    world.clients[1]?.objectGone(world.clientObjects[1] as object);
    world.server.playerGone(world.asPlayer(0));
    world.server.hidden(world.asPlayer(1), world.object);
    await Promise.all(codes);
    // Answers that come after it are not wrong.
    await world.deliver();
    expect(world.players.flatMap(({ chargeError }) => chargeError.mock.calls)).toEqual([[10, ErrorFlags.NoAuthority]]);
  });

  test("at once, when 1024 wait or the arguments are wrong", async () => {
    const open = Array.from({ length: 1024 }, () =>
      shipOf(0)
        .buy(1)
        .catch(() => {}),
    );
    await expect(shipOf(0).buy(1)).rejects.toMatchObject({ code: "ERR_TOO_MANY_REQUESTS" });
    world.clients[0]?.connectionLost();
    await Promise.all(open);
    await expect(shipOf(0).buy(-1)).rejects.toThrow(RangeError);
    expect(() => shipOf(0).hit(256)).toThrow(RangeError);
    expect(() => world.ship.said("x".repeat(10))).toThrow(RangeError);
  });

  test("only by who was asked", async () => {
    world.ship.answer = () => 5;
    const promise = world.ship.ask(world.asPlayer(1), "?");
    const [call] = world.counts.bytes;
    // The third player answers the call that the second one got: it has the same number.
    world.clients[2]?.receive(new NetworkReader(call));
    await world.deliver();
    await expect(promise).resolves.toBe(0);
    expect(chargesOf(2)).toEqual([[10, ErrorFlags.InvalidState]]);
  });
});

describe("a hostile client", () => {
  test("is charged for numbers and directions that there are not, and for arguments that cannot be read", async () => {
    const calls: [index: number, rpc: number, cost: number, flag: ErrorFlags][] = [
      [0, 200, 60, ErrorFlags.RpcSync],
      [7, 0, 60, ErrorFlags.RpcSync],
      [0, 4, 60, ErrorFlags.RpcSync],
      [0, 3, 50, ErrorFlags.Deserialization],
    ];
    for (const [behaviour, rpc, cost, flag] of calls) {
      const writer = new NetworkWriter();
      writer.writeBits(8 + 4 + 8 + 2, 20);
      writer.writePacked(1);
      writer.writeBits(behaviour, 4);
      writer.writeBits(rpc, 8);
      writer.writeBits(0, 2);
      world.server.receive(world.asPlayer(0), new NetworkReader(writer.toBytes()));
      expect(chargesOf(0)?.pop()).toEqual([cost, flag]);
    }
    expect(world.ship.ran).toEqual([]);
  });

  test("breaks nothing by 5,000 mutated calls and answers, and none stops what follows in the message", () => {
    const random = seededRandom(11);
    const pick = (below: number) => Math.floor(random() * below);
    let whole = 0;
    for (let turn = 0; turn < 5000; turn++) {
      void shipOf(0)
        .buy(pick(99))
        .catch(() => {});
      const bytes = body.toBytes();
      for (let flips = pick(4); flips > 0; flips--) {
        const at = 3 + pick(bytes.length - 3);
        bytes[at] = (bytes[at] as number) ^ (1 << pick(8));
      }
      const reader = new NetworkReader(new Uint8Array([...bytes, 0xa5]));
      const kind = pick(2) === 0 ? ("receive" as const) : ("receiveAnswer" as const);
      world.server[kind](world.asPlayer(0), reader);
      reader.align();
      if (reader.readBits(8) === 0xa5) whole++;
      world.clients[0]?.connectionLost();
    }
    expect(whole).toBe(5000);
  });
});
