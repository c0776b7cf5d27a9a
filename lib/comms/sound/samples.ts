import { outOfRange, typeError } from "../../arguments.js";

/** @throws TypeError, RangeError unless these are `count` samples */
export function checkSampleCount(samples: Float32Array, count: number): void {
  checkSamples(samples);
  if (samples.length !== count) throw outOfRange(`A frame has ${count} samples, not ${samples.length}`);
}

/** @throws TypeError */
export function checkSamples(samples: Float32Array, name = "samples"): void {
  if (Object.prototype.toString.call(samples) !== "[object Float32Array]") throw typeError(name, "a Float32Array");
}

/** The mean square of the samples: 1 is as loud as can be. */
export function energyOf(samples: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < samples.length; index++) sum += (samples[index] as number) ** 2;
  return samples.length === 0 ? 0 : sum / samples.length;
}

/** How loud the samples are, as meters show it: the root of the mean square, 0 to 1. */
export const levelOf = (samples: Float32Array): number => Math.sqrt(energyOf(samples));
