import { invalidType } from "../../arguments.js";
import { isDevelopment } from "../../development.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { DefinedPrediction, StepContext } from "./define-prediction.js";

/** Runs steps, on either side. */
export class StepRunner implements StepContext {
  dt = 0;
  tick = 0;
  isReplay = false;
  readonly #report: (error: unknown) => void;
  readonly #isChecking = isDevelopment();

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Runs one step. What it throws is reported. */
  run(prediction: DefinedPrediction, behaviour: NetworkBehaviour, values: MemberValues, input: unknown): void {
    try {
      if (this.#isChecking) this.#runChecked(prediction, behaviour, values, input);
      else prediction.step(behaviour, input, this);
    } catch (error) {
      this.#report(error);
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
