import { invalidType, outOfRange, typeError } from "../arguments.js";
import type { NetworkClient } from "../message/index.js";
import {
  arrayOption,
  checkOptions,
  durationOption,
  functionOption,
  numberOption,
  type OptionRules,
  objectOption,
  required,
} from "../options.js";
import type { BehaviourClass, NetworkBehaviour } from "./behaviour/network-behaviour.js";
import { ClientPrediction, type ClientPredictionDefinition } from "./client/client-prediction.js";
import type { ObjectClient } from "./client/object-client.js";
import {
  DefinedPrediction,
  type PredictionDefinition,
  type PredictionOptions,
} from "./prediction/defined-prediction.js";

const OPTIONS: OptionRules<PredictionOptions<object, unknown>> = {
  input: required(objectOption("read", "write", "default")),
  step: required(functionOption),
  members: arrayOption,
  smoothMs: durationOption(),
  snap: numberOption(0, Number.MAX_VALUE),
};

/** Four of them fit a packet with everything around them. */
const MAX_INPUT_BITS = 1024;

/** It brings what a client needs to predict: a page that defines no prediction does not load that. */
class LoadedPrediction extends DefinedPrediction implements ClientPredictionDefinition {
  onClient(client: NetworkClient, world: ObjectClient): ClientPrediction {
    return new ClientPrediction(client, world);
  }
}

/**
 * Defines how a client predicts a class of behaviours. Both managers get it in their option `predictions`.
 *
 * @throws TypeError, RangeError for wrong options
 */
export function definePrediction<C extends BehaviourClass, Input>(
  target: C,
  options: PredictionOptions<InstanceType<C>, Input>,
): PredictionDefinition<InstanceType<C>, Input> {
  checkOptions("definePrediction", options, OPTIONS as OptionRules<PredictionOptions<InstanceType<C>, Input>>);
  const { input, step } = options;
  if (input === undefined || step === undefined) throw typeError("definePrediction", "given an input and a step");
  if (input.borrowed) throw invalidType("An input is kept: use bytes in place of bytesView");
  if (input.maxBits === undefined || input.maxBits > MAX_INPUT_BITS) {
    throw outOfRange(`An input takes ${MAX_INPUT_BITS / 8} bytes at most`);
  }
  return new LoadedPrediction(
    target,
    options as object as PredictionOptions<NetworkBehaviour, unknown>,
  ) as object as PredictionDefinition<InstanceType<C>, Input>;
}
