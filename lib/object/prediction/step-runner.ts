import { checkFunction, invalidType, outOfRange } from "../../arguments.js";
import { isDevelopment } from "../../development.js";
import { NetworkError } from "../../network-error.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { Prefab } from "../behaviour/prefab.js";
import type { DefinedPrediction, StepContext } from "./defined-prediction.js";

/** So many objects a step may spawn. */
const MAX_SPAWNS = 256;

/** Sets the first values of an object. */
export type SpawnInit = (behaviours: never) => void;

/** Makes the object that a step spawns: the one of this `order` in the step, counted from 0. */
export type StepSpawner = (prefab: Prefab, init: SpawnInit | null, order: number) => object;

/** Runs steps, on either side. */
export class StepRunner implements StepContext {
  dt = 0;
  tick = 0;
  isReplay = false;
  readonly #report: (error: unknown) => void;
  readonly #spawner: StepSpawner;
  readonly #isChecking = isDevelopment();
  #isRunning = false;
  #spawned = 0;

  constructor(spawner: StepSpawner, report: (error: unknown) => void) {
    this.#spawner = spawner;
    this.#report = report;
  }

  readonly spawn = ((prefab: Prefab, init?: SpawnInit) => {
    if (!this.#isRunning) throw new NetworkError("ERR_STATE", "A step spawns while it runs, and not later");
    if (init !== undefined) checkFunction("init", init);
    if (this.#spawned === MAX_SPAWNS) throw outOfRange(`A step may spawn ${MAX_SPAWNS} objects at most`);
    return this.#spawner(prefab, init ?? null, this.#spawned++);
  }) as StepContext["spawn"];

  /** Runs one step. What it throws is reported. */
  run(prediction: DefinedPrediction, behaviour: NetworkBehaviour, values: MemberValues, input: unknown): void {
    this.#isRunning = true;
    this.#spawned = 0;
    try {
      if (this.#isChecking) this.#runChecked(prediction, behaviour, values, input);
      else prediction.step(behaviour, input, this);
    } catch (error) {
      this.#report(error);
    } finally {
      this.#isRunning = false;
    }
  }

  #runChecked(prediction: DefinedPrediction, behaviour: NetworkBehaviour, values: MemberValues, input: unknown): void {
    const { definition, members } = prediction;
    const before = values.setChangesAside();
    let set = 0;
    try {
      prediction.step(behaviour, input, this);
    } finally {
      set = values.putChangesBack(before);
    }
    const wrong = definition.members.filter(({ bit }) => (set & ~members.mask & bit) !== 0).map(({ name }) => name);
    if (wrong.length === 0) return;
    throw invalidType(`A step of ${definition.className} has set ${wrong}, which it does not predict`);
  }
}
