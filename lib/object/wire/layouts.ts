import { invalidType, typeError } from "../../arguments.js";
import type { INetworkPlayer, MessageDefinition } from "../../message/index.js";
import type { OptionRule } from "../../options.js";
import type { BehaviourDefinition } from "../behaviour/definition.js";
import { layoutParts, type Prefab } from "../behaviour/prefab.js";
import type { DefinedPrediction, PredictionDefinition } from "../prediction/defined-prediction.js";
import { ObjectLayout } from "./object-layout.js";
import { comparedMessage, hasPart, type OptionalPart, optionalParts } from "./optional-parts.js";

export const prefabsOption: OptionRule = (name, value) => {
  if (!Array.isArray(value)) throw typeError(name, "an array of what definePrefab returns");
};

/** Other sets of optional parts are forgotten beyond so many: they can be made again. */
const MAX_SETS = 64;

/** The layouts of the prefabs that both sides of a connection have, numbered in the order of their names. */
export class WireLayouts {
  readonly all: readonly ObjectLayout[];
  readonly #numbers: ReadonlyMap<Prefab, number>;

  constructor(all: readonly ObjectLayout[]) {
    this.all = all;
    this.#numbers = new Map(all.map(({ prefab }, number) => [prefab, number]));
  }

  /** Of the prefab of `layout`; -1 where one side does not have that. */
  numberOf({ prefab }: ObjectLayout): number {
    return this.#numbers.get(prefab) ?? -1;
  }

  /** How objects of the prefab of `layout` travel; null where one side does not have that. */
  of(layout: ObjectLayout): ObjectLayout | null {
    return this.all[this.numberOf(layout)] ?? null;
  }
}

/** The layouts of the prefabs that a manager knows. */
export class Layouts {
  readonly all: readonly ObjectLayout[];
  /** For connections whose other side has all optional parts. */
  readonly whole: WireLayouts;
  /** By the classes that they are for. */
  readonly predictions = new Map<BehaviourDefinition, DefinedPrediction>();
  /** Those by which both sides compare their prefabs when they connect. */
  readonly messages: readonly MessageDefinition<null>[];
  readonly #byPrefab = new Map<Prefab, ObjectLayout>();
  readonly #optional: readonly OptionalPart[];
  /** By the optional parts that they are without. */
  readonly #agreed = new Map<string, WireLayouts>();

  /**
   * @throws TypeError for what is no prefab or prediction, two prefabs of one name, or two predictions of one class
   */
  constructor(prefabs: readonly Prefab[], predictions: readonly PredictionDefinition[] = []) {
    for (const prediction of predictions as readonly DefinedPrediction[]) {
      if (typeof prediction?.control !== "function")
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
    this.all = sorted.map((prefab) => new ObjectLayout(prefab));
    this.whole = new WireLayouts(this.all);
    for (const layout of this.all) this.#byPrefab.set(layout.prefab, layout);
    this.#optional = sorted.flatMap((prefab) => {
      const predicted = this.#predictionParts(prefab);
      return optionalParts(
        prefab,
        prefab.layout + layoutOf(predicted),
        new Map([...layoutParts(prefab), ...predicted]),
      );
    });
    this.messages = [this.#tableMessage(), ...this.#optional.map(({ message }) => message)];
  }

  /** Client: whether it gets all members, also of what others own. */
  set seesAll(seesAll: boolean) {
    for (const { audiences } of this.all) audiences.seesAll = seesAll;
  }

  /** Whether objects of these prefabs are of the same classes in both. */
  hasClassesOf({ all }: Layouts): boolean {
    const [ours, theirs] = [this.all, all].map((layouts) => layouts.flatMap(({ definitions }) => definitions));
    return ours?.length === theirs?.length && ours?.every((one, index) => one === theirs?.[index]) === true;
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

  /** What travels on a player's connection. The same for all who lack the same optional parts. */
  agreedWith(player: INetworkPlayer): WireLayouts {
    const lacking = this.#optional.filter((part) => !hasPart(player, part));
    if (lacking.length === 0) return this.whole;
    const key = lacking.map(({ message }) => message.name).join(" ");
    let agreed = this.#agreed.get(key);
    if (!agreed) {
      if (this.#agreed.size >= MAX_SETS) this.#agreed.clear();
      agreed = this.#without(lacking);
      this.#agreed.set(key, agreed);
    }
    return agreed;
  }

  #without(lacking: readonly OptionalPart[]): WireLayouts {
    const layouts: ObjectLayout[] = [];
    for (const layout of this.all) {
      const parts = lacking.filter(({ prefab }) => prefab === layout.prefab).map(({ of }) => of);
      if (parts.length === 0) layouts.push(layout);
      else if (parts.every((part) => part !== null)) layouts.push(new ObjectLayout(layout.prefab, parts));
    }
    return new WireLayouts(layouts);
  }

  /** The layout of each prediction of a prefab, by prefab and behaviour. */
  #predictionParts(prefab: Prefab): Map<string, string> {
    const parts = new Map<string, string>();
    for (const [index, definition] of prefab.definitions.entries()) {
      const prediction = this.predictions.get(definition);
      if (prediction) parts.set(`${prefab.name}.${prefab.parts[index]} (prediction)`, prediction.layout);
    }
    return parts;
  }

  /** What both sides must have. Managers that share a protocol have the same optional parts as well. */
  #tableMessage(): MessageDefinition<null> {
    const prefabs = this.all.map(({ prefab }) => prefab).filter(({ isOptional }) => !isOptional);
    const predicted = new Map(prefabs.flatMap((prefab) => [...this.#predictionParts(prefab)]));
    const layout = `objects{${prefabs.map((prefab) => prefab.layout)}}${layoutOf(predicted)}`;
    const parts = new Map([...prefabs.flatMap((prefab) => [...layoutParts(prefab)]), ...predicted]);
    const others = this.#optional.map(({ message }) => [message.name, message.codec.layout]);
    return comparedMessage("objects/prefabs", layout, parts, false, JSON.stringify(others));
  }
}

const layoutOf = (parts: ReadonlyMap<string, string>): string => `${[...parts].flat()}`;
