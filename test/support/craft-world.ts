import type { NetworkClientOptions } from "../../lib/message/index.js";
import {
  definePrediction,
  definePrefab,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type Prefab,
  type StepContext,
} from "../../lib/object/index.js";
import { angle, bool, quantized, struct, u8, vec2 } from "../../lib/serialization/index.js";
import { type ObjectEnd, ObjectWorld, type ObjectWorldOptions } from "./object-world.js";

export class CraftParts extends NetworkBehaviour {}
export const Craft = networked(CraftParts, {
  heading: [angle({ precision: 0.1 }), { delivery: "latest" }],
  isLit: [bool, { delivery: "latest" }],
  name: u8,
  position: [vec2(quantized({ max: 1000, precision: 0.01 })), { delivery: "latest" }],
  speed: [quantized({ max: 100, precision: 0.001 }), { delivery: "latest" }],
});
export type AnyCraft = InstanceType<typeof Craft>;
export const CraftPrefab: Prefab<{ craft: typeof Craft }> = definePrefab("craft", { craft: Craft });

export const Push = struct({
  forward: quantized({ max: 1, precision: 0.01 }),
  turn: angle({ precision: 1 }),
  light: bool,
});
export interface AnyPush {
  forward: number;
  turn: number;
  light: boolean;
}
/** What a step of the world does besides. */
export type StepHook = (craft: AnyCraft, input: AnyPush, context: StepContext) => void;

/** Moves a craft: no two inputs give the same place, and a wrong one shows for good. */
export function move(craft: AnyCraft, { forward, turn, light }: AnyPush, dt: number, error = 1): void {
  craft.isLit = light;
  craft.heading += turn * dt;
  craft.speed = craft.speed * 0.97 + forward * error;
  const radians = (craft.heading * Math.PI) / 180;
  craft.position.x = wrapped(craft.position.x + Math.cos(radians) * craft.speed * dt);
  craft.position.y = wrapped(craft.position.y + Math.sin(radians) * craft.speed * dt);
}

const wrapped = (place: number) => place - 1000 * Math.round(place / 1000);

/** A world with a `tickRate` of 60 where players control crafts. */
export class CraftWorld extends ObjectWorld {
  /** Called in each step, on both sides. */
  readonly hooks: { server?: StepHook; client?: StepHook };
  readonly flying: ReturnType<typeof definePrediction<typeof Craft, AnyPush>>;

  constructor(options: ObjectWorldOptions = {}, hooks: CraftWorld["hooks"] = {}) {
    const flying = definePrediction(Craft, {
      input: Push,
      step(craft, input, context) {
        const hook = craft.identity.isOwner ? hooks.client : hooks.server;
        if (hook) hook(craft, input, context);
        else move(craft, input, context.dt);
      },
    });
    super({ tickRate: 60, prefabs: [CraftPrefab], predictions: [flying], ...options });
    this.hooks = hooks;
    this.flying = flying;
  }

  /** A client that owns a craft. */
  async enterCraft(
    options: Partial<NetworkClientOptions> = {},
  ): Promise<ObjectEnd & { craft: AnyCraft; ownCraft: AnyCraft; identity: NetworkIdentity }> {
    const end = await this.enter(() => {}, options);
    const { identity, craft } = this.objects.spawn(CraftPrefab, { owner: end.player });
    await this.until(() => end.world.get(identity.netId) !== null);
    return { ...end, identity, craft, ownCraft: end.world.get(identity.netId)?.behaviours.craft as AnyCraft };
  }
}
