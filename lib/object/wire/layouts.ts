import { invalidType, typeError } from "../../arguments.js";
import type { BehaviourDefinition } from "../behaviour/definition.js";
import type { Prefab } from "../behaviour/prefab.js";
import { DefinedPrediction, type PredictionDefinition } from "../prediction/define-prediction.js";
import { ObjectLayout } from "./object-layout.js";

/** The layouts of the prefabs that a manager knows, numbered in the order of their names. */
export class Layouts {
  readonly all: readonly ObjectLayout[];
  /** By the classes that they are for. */
  readonly predictions = new Map<BehaviourDefinition, DefinedPrediction>();
  readonly #byPrefab = new Map<Prefab, ObjectLayout>();

  /**
   * @throws TypeError for what is no prefab or prediction, two prefabs of one name, or two predictions of one class
   */
  constructor(prefabs: readonly Prefab[], predictions: readonly PredictionDefinition[] = []) {
    if (!Array.isArray(prefabs)) throw typeError("prefabs", "an array of what definePrefab returns");
    for (const prediction of predictions) {
      if (!(prediction instanceof DefinedPrediction))
        throw typeError("Each prediction", "what definePrediction returns");
      const { definition } = prediction;
      if (this.predictions.has(definition)) throw invalidType(`Two predictions are for ${definition.className}`);
      this.predictions.set(definition, prediction);
    }
    for (const prefab of prefabs) {
      if (typeof prefab?.create !== "function") throw typeError("Each prefab", "what definePrefab returns");
    }
    const sorted = [...prefabs].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const [index, { name }] of sorted.entries()) {
      if (sorted[index + 1]?.name === name) throw invalidType(`Two prefabs have the name ${name}`);
    }
    this.all = sorted.map((prefab, number) => new ObjectLayout(prefab, number));
    for (const layout of this.all) this.#byPrefab.set(layout.prefab, layout);
  }

  /** Client: whether it gets all members, also of what others own. */
  set seesAll(seesAll: boolean) {
    for (const { audiences } of this.all) audiences.seesAll = seesAll;
  }

  /** Interpolated members are sent each so many ticks. */
  get intervalTicks(): number {
    return Math.max(1, ...this.all.map((layout) => layout.intervalTicks));
  }

  /** Whoever sees objects at rest is told so after so many ticks; `Infinity` if nothing is interpolated. */
  get restTicks(): number {
    return this.all.some(({ columns }) => columns > 0) ? this.intervalTicks : Number.POSITIVE_INFINITY;
  }

  /** @throws TypeError for a prefab that the manager was not given */
  of(prefab: Prefab): ObjectLayout {
    const layout = this.#byPrefab.get(prefab);
    if (layout) return layout;
    throw invalidType(`The prefab ${prefab?.name} is not among the prefabs of this manager`);
  }
}
