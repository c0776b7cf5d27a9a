import { invalidType, typeError } from "../../arguments.js";
import { isDevelopment } from "../../development.js";
import { type Codec, NetworkReader, NetworkWriter } from "../../serialization/index.js";

/** Values of any codec are tried here when they are assigned: what cannot be written throws at once. */
const trial = new NetworkWriter();
const back = new NetworkReader();

/** @throws TypeError, RangeError for a value that the codec cannot write */
export function checkEncodable(codec: Codec<unknown>, value: unknown): void {
  trial.reset();
  codec.write(trial, value);
}

/** Tries a value that is about to be kept; in development it freezes it, since nobody would notice a change in it. */
export function prepareElement(codec: Codec<unknown>, value: unknown): void {
  checkEncodable(codec, value);
  if (typeof value === "object" && isDevelopment() && !ArrayBuffer.isView(value)) Object.freeze(value);
}

/** The key as the other side gets it: two that are the same there are the same here. */
export function roundKey<K>(codec: Codec<K>, key: K): K {
  if (codec.kernel) return codec.kernel.fromInteger(codec.kernel.toInteger(key));
  checkEncodable(codec, key);
  back.reset(trial.buffer, 0, trial.byteLength);
  return codec.read(back);
}

/** @throws TypeError for what is no codec */
export function checkCodec(place: string, codec: Codec<unknown>): void {
  if (typeof codec?.read !== "function") throw typeError(`The type of the elements of ${place}`, "a codec");
}

/** @throws TypeError for a codec of objects, of which no two are the same key */
export function checkKeyCodec(place: string, codec: Codec<unknown>): void {
  checkCodec(place, codec);
  if (typeof codec.default() === "object") {
    throw invalidType(`${place}: keys and elements of sets are numbers, texts, booleans or bigints`);
  }
}
