// The cases with this library: what is set goes through ServerObjectManager, and ClientObjectManager reads it.
import { definePrefab, grid, NetworkBehaviour, networked } from "../../dist/object/index.js";
import { float32, quantized, vec2 } from "../../dist/serialization/index.js";
import { seededRandom } from "../../dist/testing/index.js";
import { quartiles, timeOf } from "./clock.mjs";
import { Moves } from "./moves.mjs";
import { TICK_RATE, timeOfWriting, World } from "./world.mjs";

export { arena } from "./arena.mjs";
export { rewind } from "./rewind.mjs";

const latest = (codec) => [codec, { delivery: "latest" }];
const floats = { x: latest(float32), y: latest(float32) };
const sixteen = latest(quantized({ max: 2000, bits: 16 }));

function prefabOf(members) {
  const Body = networked(class Body extends NetworkBehaviour {}, members);
  return definePrefab("body", { body: Body });
}

/** A world of `objects` objects that `players` see. */
async function crowdedWorld({ objects, players, members = floats, manager, prepare }) {
  const prefab = prefabOf(members);
  const world = new World({ prefabs: [prefab], manager });
  await world.start();
  const bodies = Array.from({ length: objects }, () => world.objects.spawn(prefab).body);
  await world.join(players, (client) => prepare?.(client, prefab));
  return { world, bodies };
}

function setAll(bodies, n) {
  for (let index = 0; index < bodies.length; index++) {
    const body = bodies[index];
    body.x = index + (n % 900);
    body.y = index - (n % 900);
  }
}

/** One player sees all objects, which all change: microseconds to set, to write, to send and to read them. */
export async function state({ objects = 1000, quantize = 0, listeners = 0, seconds = 1 }) {
  const far = new Map();
  let heard = 0;
  const prepare = (client, prefab) => {
    client.onSpawned(prefab, ({ body, identity }) => {
      far.set(identity.netId, body);
      if (listeners) for (const name of ["x", "y"]) body.on(name, () => heard++);
    });
  };
  const members = quantize ? { x: sixteen, y: sixteen } : floats;
  const { world, bodies } = await crowdedWorld({ objects, players: 1, members, prepare });
  const writingMs = timeOfWriting();
  const packets = [];
  let count = 0;
  let bytes = 0;
  world.cut((_player, packet) => {
    packets[count] ??= new Uint8Array(1300);
    packets[count].set(packet);
    packets[count] = packets[count].subarray(0, packet.length);
    count++;
    bytes += packet.length;
  });
  const round = (n) => {
    for (const [index, packet] of packets.entries()) packets[index] = new Uint8Array(packet.buffer);
    count = bytes = 0;
    const set = timeOf(() => setAll(bodies, n));
    world.tick();
    const decode = timeOf(() => {
      for (let index = 0; index < count; index++) world.receive(packets[index]);
    });
    return { set: 1000 * set, encode: 1000 * writingMs(), sent: 1000 * world.sendMs, decode: 1000 * decode, bytes };
  };
  const times = quartiles(round, seconds);
  for (const { identity } of bodies) {
    const [near, read] = [world.objects.get(identity.netId).behaviours.body, far.get(identity.netId)];
    for (const name of ["x", "y"]) if (Math.abs(near[name] - read[name]) > 0.05) throw new Error("wrong values came");
  }
  if (listeners && heard === 0) throw new Error("no listener was called");
  return times;
}

/** Players see what is near to their characters: ms to set what moves, and for the managers to send it. */
export async function ground(options) {
  const { objects = 10_000, players = 200, seen = 100, moving = 0.1, loss = 0, seconds = 1 } = options;
  const { world, moves, step } = await groundWorld({ objects, players, seen, moving });
  const random = seededRandom(9);
  let bytes = 0;
  const underWay = [[], [], []];
  let tick = 0;
  world.cut((_player, packet, callbacks) => {
    bytes += packet.length;
    if (loss > 0) underWay[tick % 3].push(callbacks);
  });
  const round = () => {
    tick++;
    bytes = 0;
    const arrived = underWay[tick % 3];
    underWay[tick % 3] = [];
    moves.next();
    const lost = timeOf(() => {
      for (const callbacks of arrived) {
        if (random() < loss) callbacks.onLost();
        else callbacks.onDelivered();
      }
    });
    const set = timeOf(step);
    world.tick();
    return { set, send: world.sendMs + lost, whole: set + world.sendMs + lost, bytes };
  };
  return quartiles(round, seconds);
}

async function groundWorld({ objects, players, seen, moving }) {
  const moves = new Moves({ objects, seen, moving });
  // As two members, for the same bytes as the others.
  class Body extends NetworkBehaviour {}
  const prefab = definePrefab("body", { body: networked(Body, { position: latest(vec2(float32)) }) });
  const world = new World({ prefabs: [prefab], manager: { interest: grid(moves.sight) } });
  await world.start();
  await world.join(players);
  const positions = Array.from({ length: objects }, (_, item) => {
    const init = ({ body }) => {
      body.position.x = moves.x[item];
      body.position.y = moves.y[item];
    };
    const { identity, body } = world.objects.spawn(prefab, { init });
    if (item < players) world.objects.setCharacter(world.players[item], identity);
    return body.position;
  });
  for (let tick = 0; tick < 60; tick++) await world.turn();
  const step = () => {
    for (const item of moves.moved) {
      const position = positions[item];
      position.x = moves.x[item];
      position.y = moves.y[item];
    }
  };
  return { world, moves, step };
}

/** Everybody sees everything: ms to hand all players all changes, of which each takes a copy. */
export async function room({ objects = 1000, players = 200, seconds = 1 }) {
  const { world, bodies } = await crowdedWorld({ objects, players });
  const arena = new Uint8Array(players * 32 * objects);
  let end = 0;
  world.cut((_player, packet) => {
    arena.set(packet, end);
    end += packet.length;
  });
  const round = (n) => {
    end = 0;
    setAll(bodies, n);
    world.tick();
    return { send: world.sendMs, bytes: end / players };
  };
  return quartiles(round, seconds);
}

/** The same, where a part of it fits: ns for each pair of player and object. */
export async function crowd({ objects = 1000, players = 200, budget = 1200, seconds = 1 }) {
  const random = seededRandom(5);
  const weights = Float32Array.from({ length: 4096 }, () => 0.05 + random() ** 3);
  const weight = (player, { netId }) => weights[(netId + 7 * player.id) & 4095];
  const manager = { maxStateBytesPerSecond: budget * TICK_RATE + 1, weight };
  const { world, bodies } = await crowdedWorld({ objects, players, manager });
  let bytes = 0;
  world.cut((_player, packet) => {
    bytes += packet.length;
  });
  const round = (n) => {
    bytes = 0;
    setAll(bodies, n);
    world.tick();
    return { pair: (1e6 * world.sendMs) / (players * objects), bytes: bytes / players };
  };
  return quartiles(round, seconds);
}

/** What the server's tick takes through Peer over memory: ms, and the bytes that each player gets. */
export async function tick({ objects = 10_000, players = 200, seen = 100, moving = 0.1, seconds = 1 }) {
  const { world, moves, step } = await groundWorld({ objects, players, seen, moving });
  return quartiles(() => {
    moves.next();
    const set = timeOf(step);
    world.tick();
    return { tick: set + world.tickMs };
  }, seconds);
}
