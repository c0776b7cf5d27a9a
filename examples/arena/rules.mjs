// What both sides know: the objects of the arena, and the one step that moves a ship, on the server and on its client.
import { defineProtocol } from "valve-sockets/message";
import {
  clientRpc,
  definePrediction,
  definePrefab,
  linear,
  NetworkBehaviour,
  networked,
  ref,
} from "valve-sockets/object";
import {
  angle,
  bool,
  enumeration,
  float32,
  quantized,
  ranged,
  string,
  struct,
  u8,
  u16,
  u32,
  vec2,
} from "valve-sockets/serialization";

export const TICK_RATE = 30;
/** The arena is this far from its centre to its walls, in metres. */
export const HALF = { x: 60, y: 40 };
export const SHIP_RADIUS = 1.2;
export const MAX_HEALTH = 100;
export const RANGE = 30;
export const ROCKS = [
  { x: 0, y: 0, radius: 6 },
  { x: -32, y: 17, radius: 5 },
  { x: 34, y: -16, radius: 5 },
  { x: -26, y: -20, radius: 4 },
  { x: 26, y: 22, radius: 4 },
  { x: -50, y: -4, radius: 3 },
  { x: 50, y: 6, radius: 3 },
];
const RELOAD_TICKS = 8;
const ACCELERATION = 60;
/** The part of its speed that a ship loses in a second. */
const DRAG = 3;

const metres = vec2(quantized({ max: 64, precision: 0.002 }), quantized({ max: 64, precision: 0.002 }));
const speed = vec2(float32, float32);
/** Degrees: 0 to the right, 90 downwards. */
const direction = angle({ precision: 0.1 });

/** Somebody who plays, with a ship or without one: what the table shows. */
export class Pilot extends NetworkBehaviour {
  get score() {
    return 3 * this.kills + this.stars;
  }
}
networked(Pilot, { name: [string(16), { from: "owner" }], kills: u16, deaths: u16, stars: u16 });

/** A ship lives until it has no health; then its pilot gets another one. */
export class Ship extends NetworkBehaviour {
  /** What each side does when the ship fires in a step. */
  onFire = null;
  /** What a client does when it hears of a shot. */
  onShot = null;

  shot(tick, aim, length, target) {
    this.onShot?.({ tick, aim, length, target });
  }
}
networked(
  Ship,
  {
    pilot: ref(() => Pilot),
    health: u8,
    isCharged: bool,
    position: [metres, { delivery: "latest", interpolate: linear }],
    aim: [direction, { delivery: "latest", interpolate: linear }],
    velocity: [speed, { delivery: "latest", to: "owner" }],
    reload: [u8, { delivery: "latest", to: "owner" }],
  },
  // The netId of the ship that was hit, or 0. It says nothing that lasts, so it may be lost.
  { shot: clientRpc([u32, direction, float32, u32], { unordered: true }) },
);

export const PICK_UPS = ["repair", "charge", "star"];
export class PickUp extends NetworkBehaviour {}
networked(PickUp, {
  kind: [enumeration(PICK_UPS), { initialOnly: true }],
  position: [metres, { initialOnly: true }],
});

export const PilotPrefab = definePrefab("pilot", { pilot: Pilot });
export const ShipPrefab = definePrefab("ship", { ship: Ship });
export const PickUpPrefab = definePrefab("pick-up", { pickUp: PickUp });

export const flying = definePrediction(Ship, {
  input: struct({ x: ranged(-1, 1), y: ranged(-1, 1), aim: direction, fire: bool }),
  step(ship, { x, y, aim, fire }, { dt, tick, isReplay }) {
    const { position, velocity } = ship;
    const push = (ACCELERATION * dt) / Math.max(1, Math.sqrt(x * x + y * y));
    velocity.x += x * push - velocity.x * DRAG * dt;
    velocity.y += y * push - velocity.y * DRAG * dt;
    position.x += velocity.x * dt;
    position.y += velocity.y * dt;
    keepInside(position);
    ship.aim = aim;
    if (ship.reload > 0) ship.reload--;
    else if (fire) {
      ship.reload = RELOAD_TICKS;
      if (!isReplay) ship.onFire?.(tick);
    }
  },
});

/** Moves a place out of the walls and rocks. */
export function keepInside(place) {
  for (const axis of ["x", "y"]) {
    const most = HALF[axis] - SHIP_RADIUS;
    place[axis] = Math.min(Math.max(place[axis], -most), most);
  }
  for (const rock of ROCKS) {
    const [x, y, least] = [place.x - rock.x, place.y - rock.y, rock.radius + SHIP_RADIUS];
    const distance = Math.sqrt(x * x + y * y) || 1;
    if (distance >= least) continue;
    place.x = rock.x + (x / distance) * least;
    place.y = rock.y + (y / distance) * least;
  }
}

/** How far from `from` a ray hits a circle; Infinity if it does not. */
function distanceTo(from, way, { x, y }, radius) {
  const along = (x - from.x) * way.x + (y - from.y) * way.y;
  const aside = (x - from.x) * way.y - (y - from.y) * way.x;
  return along > 0 && Math.abs(aside) < radius ? along - Math.sqrt(radius * radius - aside * aside) : Infinity;
}

/**
 * Where the shot of a ship ends, and which of `targets` it hits. A client asks it with what it shows, the server with
 * that as well, by `rewind`.
 */
export function trace(ship, aim, targets, positionOf = (target) => target.position) {
  const way = { x: Math.cos((aim * Math.PI) / 180), y: Math.sin((aim * Math.PI) / 180) };
  let [length, hit] = [RANGE, null];
  for (const rock of ROCKS) length = Math.min(length, distanceTo(ship.position, way, rock, rock.radius));
  for (const target of targets) {
    if (target === ship) continue;
    const distance = distanceTo(ship.position, way, positionOf(target), SHIP_RADIUS);
    if (distance < length) [length, hit] = [distance, target];
  }
  return { length, hit };
}

export const parts = { prefabs: [PilotPrefab, ShipPrefab, PickUpPrefab], predictions: [flying] };
export const protocol = defineProtocol({ name: "arena", version: 1, messages: [] });
