import type { BehaviourDefinition } from "./definition.js";
import type { LiveClass } from "./live-value.js";
import type { Member } from "./member.js";

/**
 * Appends up to 32 bits: `word` has those that are not in memory yet, `fill` says how many these are. The value has
 * zeros above.
 */
const putAny = (value: string, bits: string): string => `{
  const value = ${value}, end = fill + ${bits};
  word |= value << fill;
  if (end < 32) fill = end;
  else {
    view.setInt32(byte, word, true);
    byte += 4;
    word = (value >>> 1) >>> (31 - fill);
    fill = end - 32;
  }
}`;

const put32 = (value: string): string => `{
  const value = ${value};
  view.setInt32(byte, word | (value << fill), true);
  byte += 4;
  word = (value >>> 1) >>> (31 - fill);
}`;

/** A number of up to 32 bits that is written of a member: how straight code finds it. */
interface Word {
  readonly bit: number;
  readonly bits: number;
  readonly value: string;
}

/** Null for a member that is not written as such. */
function wordsOf({ bit, codec, index: i }: Member, held: LiveClass | null): Word[] | null {
  if (codec.kernel) return [{ bit, bits: Number(codec.kernel.bits), value: `values.i${i}` }];
  return held?.wordBits?.map((bits, word) => ({ bit, bits, value: `Held${i}.word${word}(values.v${i})` })) ?? null;
}

/**
 * The functions of a class of values that take many objects at a time, as straight code: where latest members are
 * numbers. What is written of an object are integers by then, so that each object is looked at once. The writer's
 * memory and position are local variables.
 */
export function generateRun(definition: BehaviourDefinition): string {
  const { latestMask, members } = definition;
  const latest = members.filter(({ bit }) => (latestMask & bit) !== 0);
  const found = latest.map((member) => wordsOf(member, definition.heldClassOf(member.index) as LiveClass | null));
  if (latest.length === 0 || found.includes(null)) return "";
  const words = found.flatMap((each) => each ?? []);
  const put = ({ bits }: Word, at: number): string =>
    bits === 32 ? put32(`integers[at + ${at}]`) : putAny(`integers[at + ${at}] & ${2 ** bits - 1}`, String(bits));
  return `static integerCount = ${words.length};
  static settleAll(objects, from, to, due, masks, integers, integersAt) {
    for (let place = from, at = integersAt; place < to; place++, at += ${words.length}) {
      const values = objects[place].first;
      masks[place] = values.settle(due);
      ${words.map(({ value }, at) => `integers[at + ${at}] = ${value};`).join("\n")}
    }
  }
  static writeAll(writer, run, from, to) {
    const { heads, headBits, members, integers, integersAt, changes, starts } = run;
    const before = writer.bitLength;
    const view = writer.reserve((to - from) * ${words.reduce((sum, { bits }) => sum + bits, 32)});
    let byte = (before >>> 5) << 2;
    let fill = before & 31;
    let word = fill === 0 ? 0 : view.getInt32(byte, true) & ((1 << fill) - 1);
    for (let place = from; place < to; place++) {
      starts[place] = (byte << 3) + fill;
      ${putAny("heads[place]", "headBits[place]")}
      const mask = members[place];
      const at = integersAt[changes[place]];
      ${latest
        .map(({ bit }) => {
          const each = words.map((word, at) => (word.bit === bit ? put(word, at) : "")).join("\n");
          return `if ((mask & ${bit}) !== 0) { ${each} }`;
        })
        .join("\n")}
    }
    view.setInt32(byte, word, true);
    writer.setBitLength((byte << 3) + fill);
  }`;
}
