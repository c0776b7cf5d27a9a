import { typeError } from "../../arguments.js";
import type { Codec, Kernel } from "../../serialization/index.js";
import type { LiveClass } from "./live-value.js";
import type { Member } from "./member.js";
import { bitsOfWords } from "./word-bits.js";

/** Neighbours whose bits fit one number of 32 bits: where each starts in it, and their widths. */
function wordsOf(
  widths: readonly number[],
): { bits: number; parts: { index: number; shift: number; mask: number }[] }[] {
  const words: ReturnType<typeof wordsOf> = [];
  for (const [index, width] of widths.entries()) {
    let word = words.at(-1);
    if (!word || word.bits + width > 32) {
      word = { bits: 0, parts: [] };
      words.push(word);
    }
    word.parts.push({ index, shift: word.bits, mask: -1 >>> (32 - width) });
    word.bits += width;
  }
  return words;
}

/**
 * The class of live values whose components are scalars, as straight code. Its text has the numbers of components and
 * bits, and no names: whatever components are called, it stays the same.
 */
export function generateLiveClass({ bit, codec, components, name }: Member): LiveClass {
  const names = components as readonly string[];
  const codecs = names.map((component) => codec.fields?.[component] as Codec<unknown>);
  const kernels = codecs.map(({ kernel }) => kernel as Kernel<unknown>);
  const all = (each: (index: number) => string, separator = "\n") =>
    names.map((_, index) => each(index)).join(separator);
  const words = wordsOf(kernels.map(({ bits }) => Number(bits)));
  const word = ({ parts }: (typeof words)[number]) =>
    parts.map(({ index, shift, mask }) => `(live.#i${index} & ${mask}) << ${shift}`).join(" | ");
  const readBy = (take: (bits: number) => string) => `
        ${words
          .map(({ bits, parts }, at) => {
            const integers = parts.map(
              ({ index, shift, mask }) => `const i${index} = (w${at} >>> ${shift}) & ${mask};`,
            );
            return `const w${at} = ${take(bits)}; ${integers.join(" ")}`;
          })
          .join("\n")}
        ${all((i) => `const v${i} = fromInteger${i}(i${i});`)}
        ${all((i) => `live.#v${i} = v${i}; live.#i${i} = live.#s${i} = i${i};`)}`;
  // Signed: V8 keeps it out of the heap.
  const read = readBy((bits) => (bits === 32 ? "reader.readInt32()" : `reader.readBits(${bits})`));
  const readAt = readBy((bits) => `${bitsOfWords(bits)}; position += ${bits}`);
  const source = `"use strict";
    ${all((i) => `const { toInteger: toInteger${i}, fromInteger: fromInteger${i} } = kernels[${i}];`)}
    ${all((i) => `const name${i} = names[${i}];`)}
    const properties = [];
    class Live {
      // Value, integer and sent integer of each component.
      ${all((i) => `#v${i} = codecs[${i}].default(); #i${i} = toInteger${i}(this.#v${i}); #s${i} = this.#i${i};`)}
      #owner;
      constructor(owner) {
        this.#owner = owner;
        ${all((i) => `Object.defineProperty(this, name${i}, properties[${i}]);`)}
      }
      static assign(live, value) {
        if (typeof value !== "object" || value === null) throw notAnObject();
        ${all((i) => `const v${i} = value[name${i}], i${i} = toInteger${i}(v${i});`)}
        if (${all((i) => `Object.is(v${i}, live.#v${i})`, " && ")}) return;
        live.#owner.changing(${bit});
        ${all((i) => `live.#v${i} = v${i}; live.#i${i} = i${i};`)}
      }
      static settle(live) {
        if (${all((i) => `live.#i${i} === live.#s${i}`, " && ")}) return false;
        ${all((i) => `live.#s${i} = live.#i${i};`)}
        return true;
      }
      static write(live, writer) {
        ${words.map((one, at) => `writer.writeBits(Live.word${at}(live), ${one.bits});`).join("\n")}
      }
      static wordBits = [${words.map(({ bits }) => bits)}];
      ${words.map((one, at) => `static word${at}(live) { return ${word(one)}; }`).join("\n")}
      static read(live, reader) {${read}
      }
      static fixedBits = ${words.reduce((sum, { bits }) => sum + bits, 0)};
      static readAt(live, words, position) {${readAt}
      }
      static setNumbers(live, source, at, isExact) {
        ${all((i) => `live.#v${i} = source[at + ${i}];`)}
        if (isExact) { ${all((i) => `live.#i${i} = toInteger${i}(live.#v${i});`)} }
      }
      static getNumbers(live, target, at) {
        ${all((i) => `target[at + ${i}] = live.#v${i};`)}
      }
      static {
        ${all(
          (i) => `properties[${i}] = {
          enumerable: true,
          get() { return this.#v${i}; },
          set(value) {
            // Object.is alone would make an object of a number with a fraction.
            if (value === this.#v${i} && (value !== 0 || Object.is(value, this.#v${i}))) return;
            const integer = toInteger${i}(value);
            this.#owner.changing(${bit});
            this.#v${i} = value;
            this.#i${i} = integer;
          },
        };`,
        )}
      }
    }
    return Live;`;
  const create = new Function("codecs", "kernels", "names", "notAnObject", source);
  return create(codecs, kernels, names, () => typeError(name, "an object")) as LiveClass;
}
