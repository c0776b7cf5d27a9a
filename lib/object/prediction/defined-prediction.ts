import { invalidType, typeError } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import type { Codec } from "../../serialization/index.js";
import type { BehaviourDefinition } from "../behaviour/definition.js";
import type { Member } from "../behaviour/member.js";
import { type BehaviourClass, behaviourDefinition, NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { Behaviours, InstancesOf, Prefab, Spawned } from "../behaviour/prefab.js";
import { PredictedMembers } from "./predicted-members.js";

/** What a step knows besides the behaviour and the input. */
export interface StepContext {
  /** The length of a tick in seconds. */
  readonly dt: number;
  /** The server's tick that is simulated (u32). */
  readonly tick: number;
  /** Whether a client runs the step of this tick once more, after a correction: effects were there before. */
  readonly isReplay: boolean;
  /**
   * Adds an object to the world, which the player of the step owns: on the server as `ServerObjectManager.spawn`, on
   * the client at once, before the server has the input. There it is adopted when the server's object comes, or
   * rejected: docs/objects.md says how. In a replay it is the object of the first run. At most 256 in a step.
   *
   * @param init sets its first values, on both sides
   * @throws TypeError for a prefab that the manager does not have, or whose factory returns a promise; RangeError for
   *   too many; NetworkError `ERR_STATE` after the step; what `init` throws
   */
  readonly spawn: <const B extends Behaviours>(
    prefab: Prefab<B>,
    init?: (behaviours: InstancesOf<B>) => void,
  ) => Spawned<B>;
}

/** What is predicted of a class, and how. */
export interface PredictionOptions<Behaviour, Input> {
  /** Of an input: at most 128 bytes. A step gets inputs as they travel, rounded, on both sides. */
  input: Codec<Input>;
  /**
   * Goes on by one tick: it sets the predicted members of the behaviour. Both sides run it; it should give the same on
   * both. It keeps neither the input nor the context, and does not change them.
   */
  step(behaviour: Behaviour, input: Input, context: StepContext): void;
  /**
   * The members that the step sets. They are `latest`, of the server, and numbers, booleans, choices, vectors,
   * quaternions or structs of these, and not optional. @defaultValue all that are `latest` and of the server
   */
  members?: readonly (keyof Behaviour & string)[];
  /** For how long `shown` glides over a correction, in milliseconds; 0 for not at all. @defaultValue 100 */
  smoothMs?: number;
  /**
   * A member that a correction moves by more than this is shown at its new place at once. In the unit of the member.
   *
   * @defaultValue the member's `snap`
   */
  snap?: number;
}

/** What a client predicts of one class of behaviours: made by `definePrediction`. */
export interface PredictionDefinition<Behaviour = never, Input = never> {
  /**
   * A client controls a behaviour from now on: `sample` gives the input of each tick, which goes to the server, and the
   * step is run with it at once. The client must own the object. It ends when the object gets another owner or goes,
   * and when the client controls another one.
   *
   * @returns a function that ends it
   * @throws TypeError for another class, or where the manager does not have this prediction; NetworkError `ERR_STATE`
   *   for an object that this client does not own, or while the server has no `tickRate`, `ERR_WRONG_SIDE` on a server
   */
  control(behaviour: Behaviour, sample: () => Input): () => void;
}

/** A prediction with what the managers need of it. */
export class DefinedPrediction implements PredictionDefinition<NetworkBehaviour, unknown> {
  readonly definition: BehaviourDefinition;
  readonly input: Codec<unknown>;
  readonly step: (behaviour: NetworkBehaviour, input: unknown, context: StepContext) => void;
  readonly members: PredictedMembers;
  readonly smoothMs: number;
  readonly snap: number | undefined;

  constructor(target: BehaviourClass, options: PredictionOptions<NetworkBehaviour, unknown>) {
    const { input, step, members, smoothMs = 100, snap } = options;
    const definition = behaviourDefinition(target);
    this.definition = definition;
    this.input = input;
    this.step = step;
    this.members = new PredictedMembers(definition, maskOf(definition, members));
    this.smoothMs = smoothMs;
    this.snap = snap;
  }

  /** What both sides must have the same. */
  get layout(): string {
    const { definition, input, members } = this;
    const names = definition.members.filter(({ bit }) => (members.mask & bit) !== 0).map(({ name }) => name);
    return `${input.layout} > ${names}`;
  }

  control(behaviour: NetworkBehaviour, sample: () => unknown): () => void {
    if (typeof sample !== "function") throw typeError("sample", "a function");
    const { className } = this.definition;
    if (
      !(behaviour instanceof NetworkBehaviour) ||
      NetworkBehaviour.valuesOf(behaviour).definition !== this.definition
    ) {
      throw typeError("The controlled behaviour", `a ${className}`);
    }
    const link = NetworkBehaviour.linkOf(behaviour);
    if (!link) throw new NetworkError("ERR_STATE", `The object of this ${className} is in no world`);
    return link.startControl(behaviour, this, sample);
  }
}

function maskOf(definition: BehaviourDefinition, names: readonly string[] | undefined): number {
  const { className, fromOwnerMask, latestMask, members } = definition;
  const isPossible = ({ bit, isOptional, options: { to } }: Member) =>
    !isOptional && (latestMask & ~fromOwnerMask & bit) !== 0 && to !== "others" && typeof to !== "function";
  let mask = 0;
  for (const name of names ?? members.filter(isPossible).map(({ name }) => name)) {
    const member = definition.memberOf(name);
    if (!isPossible(member)) {
      throw invalidType(
        `${className}.${name} cannot be predicted: it is optional, or no latest member that the server sends the owner`,
      );
    }
    mask |= member.bit;
  }
  if (mask === 0) throw invalidType(`${className} has no member to predict: one with delivery: "latest" of the server`);
  return mask;
}
