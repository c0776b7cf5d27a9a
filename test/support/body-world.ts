import {
  definePrefab,
  linear,
  NetworkBehaviour,
  networked,
  type Prefab,
  type RpcCall,
  serverRpc,
} from "../../lib/object/index.js";
import { angle, float32, u8, vec2 } from "../../lib/serialization/index.js";
import type { LagConditions, MemorySocketKind } from "../../lib/socket/index.js";
import { type ObjectEnd, ObjectWorld } from "./object-world.js";

export class BodyParts extends NetworkBehaviour {
  declare position: { x: number; y: number };
  get farness(): number {
    return Math.hypot(this.position.x, this.position.y);
  }
  describe(): string {
    return `at ${this.position.x}`;
  }
  /** What a test does with a shot at it. */
  onShot: (x: number, y: number, call: RpcCall) => void = () => {};
  shoot(x: number, y: number, call?: RpcCall): void {
    this.onShot(x, y, call as RpcCall);
  }
}
export const Body = networked(
  BodyParts,
  {
    colour: u8,
    position: [vec2(float32), { delivery: "latest", interpolate: linear }],
    heading: [angle({ bits: 16 }), { delivery: "latest", interpolate: linear }],
    height: [float32, { delivery: "latest", interpolate: linear, every: 3 }],
    jump: [float32, { delivery: "latest", interpolate: linear, snap: 5 }],
    own: [float32, { delivery: "latest", interpolate: linear, from: "owner" }],
  },
  { shoot: serverRpc([float32, float32], { anyone: true }) },
);
export const BodyPrefab: Prefab<{ body: typeof Body }> = definePrefab("body", { body: Body });
export type AnyBody = InstanceType<typeof Body>;

export const TICK_MS = 1000 / 60;
/** A leg of the way is that long. */
export const LEG = 80;
/** Rests, goes 80 on, and rests again. */
export const stopAndGo = (tick: number) => {
  const phase = tick % 180;
  return Math.floor(tick / 180) * LEG + Math.min(Math.max(phase - 60, 0), LEG);
};

export interface Frame {
  readonly nowMs: number;
  readonly tick: number;
  readonly body: AnyBody;
}

export interface Conditions {
  readonly kind?: MemorySocketKind;
  readonly lag?: Partial<LagConditions>;
}

/** A body that a server moves, and a client that draws it. */
export class Scene {
  readonly world: ObjectWorld;
  readonly body: AnyBody;
  readonly end: ObjectEnd;

  private constructor(world: ObjectWorld, body: AnyBody, end: ObjectEnd) {
    this.world = world;
    this.body = body;
    this.end = end;
  }

  static async open(
    { kind = "datagram", lag = { latencyMs: 40 } }: Conditions,
    move: (body: AnyBody, tick: number) => void,
  ) {
    const world = new ObjectWorld({ kind, lag, tickRate: 60, prefabs: [BodyPrefab] });
    await world.server.start();
    const end = await world.enter();
    const { body } = world.objects.spawn(BodyPrefab, { owner: end.player });
    world.server.on("ticked", (tick) => move(body, tick));
    return new Scene(world, body, end);
  }

  get seen(): AnyBody {
    return this.end.world.get(this.body.identity.netId)?.behaviours.body as AnyBody;
  }

  /** Draws a frame each 5 ms. */
  async draw(ms: number, frame: (frame: Frame) => void = () => {}): Promise<void> {
    const untilMs = this.world.clock.now() + ms;
    while (this.world.clock.now() < untilMs) {
      await this.world.run(5);
      this.end.world.update();
      const tick = this.end.world.shownTick;
      if (tick !== null && this.seen) frame({ nowMs: this.world.clock.now(), tick, body: this.seen.shown });
    }
  }
}
