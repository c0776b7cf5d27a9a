import type { BehaviourDefinition } from "../behaviour/definition.js";
import type { LiveClass } from "../behaviour/live-value.js";
import type { Member } from "../behaviour/member.js";
import { BEGINS_SET, HEAD, ITEM, MASK, NO_RECORD, ROW_BITS, type RunFunctions, SEEN } from "../behaviour/record-run.js";

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
 * The functions that take many objects of a class at a time, as straight code; null unless all latest members are
 * numbers. What is written of an object are integers by then, so that each object is looked at once. The writer's
 * memory and position are local variables.
 */
export function generateRun(definition: BehaviourDefinition): RunFunctions | null {
  const { latestMask, latestShift, members } = definition;
  const latest = members.filter(({ bit }) => (latestMask & bit) !== 0);
  const found = latest.map((member) => wordsOf(member, definition.heldClassOf(member.index) as LiveClass | null));
  if (latest.length === 0 || found.includes(null)) return null;
  const words = found.flatMap((each) => each ?? []);
  const put = ({ bits }: Word, value: string): string =>
    bits === 32 ? put32(value) : putAny(`${value} & ${2 ** bits - 1}`, String(bits));
  const putMembers = (sourceOf: (word: Word, at: number) => string): string =>
    latest
      .map(({ bit }) => {
        const each = words.map((word, at) => (word.bit === bit ? put(word, sourceOf(word, at)) : "")).join("\n");
        return `if ((mask & ${bit >>> latestShift}) !== 0) { ${each} }`;
      })
      .join("\n");
  const bitsOfRecord = words.reduce((sum, { bits }) => sum + bits, 32);
  const open = `let byte = (written >>> 5) << 2;
    let fill = written & 31;
    let word = fill === 0 ? 0 : view.getInt32(byte, true) & ((1 << fill) - 1);`;
  const close = `view.setInt32(byte, word, true);
    writer.setBitLength((byte << 3) + fill);`;
  const putRow = (place: string): string => `const row = ${place} << ${ROW_BITS};
      rows[row + ${ITEM}] = item;
      rows[row + ${MASK}] = mask;
      rows[row + ${SEEN}] = mask;
      rows[row + ${HEAD}] = bits;
      starts[${place}] = (byte << 3) + fill;
      ${putAny("start(before, item) | (mask << (bits + zeroBits))", "bits + zeroBits + maskBits")}`;
  const source = `"use strict";
  ${latest.map(({ index }) => `const Held${index} = helds[${index}];`).join("\n")}
  return { integerCount: ${words.length},
  writeRun(writer, run, form, from, to) {
    const { layout, masks, objects, rows, starts, viewers } = run;
    const { start, startBits, zeroBits, maskBits } = form;
    const written = writer.bitLength;
    const view = writer.reserve((to - from) * ${bitsOfRecord});
    ${open}
    let { before, place } = run;
    let change = from;
    for (; change < to; change++) {
      const object = objects[change];
      if (object.layout !== layout || object.viewers !== viewers || object.specialCount !== 0) break;
      if (!object.isSpawned || object.teleportTick !== null) break;
      const { item } = object;
      const values = object.first;
      const bits = startBits(before, item);
      if (bits === 0 || (values.changed & ${~latestMask}) !== 0) break;
      object.isListed = false;
      const mask = (values.settle(${latestMask}) & ${latestMask}) >>> ${latestShift};
      masks[change] = mask;
      if (mask === 0) continue;
      ${putRow("place")}
      ${putMembers(({ value }) => value)}
      before = item;
      place++;
    }
    ${close}
    run.before = before;
    run.place = place;
    return change;
  },
  settleAll(run, from, to) {
    let at = run.addIntegers(${words.length} * (to - from));
    const { integers, integersAt, masks, objects } = run;
    for (let change = from; change < to; change++, at += ${words.length}) {
      const values = objects[change].first;
      masks[change] = (values.settle(${latestMask}) & ${latestMask}) >>> ${latestShift};
      integersAt[change] = at;
      ${words.map(({ value }, at) => `integers[at + ${at}] = ${value};`).join("\n")}
    }
  },
  writeChain(writer, run, form, first, place, limit) {
    const { integers, integersAt, items, kinds, masks, next, rows, setStarts, starts } = run;
    const { start, startBits, zeroBits, maskBits } = form;
    const kind = kinds[first] | ${BEGINS_SET};
    const written = writer.bitLength;
    const view = writer.reserve((limit - place) * ${bitsOfRecord});
    ${open}
    let { before, setCount } = run;
    let change = first;
    let end = place;
    for (; end < limit && change >= 0; end++) {
      const flags = kinds[change];
      if ((flags | ${BEGINS_SET}) !== kind) break;
      const begins = (flags & ${BEGINS_SET}) !== 0;
      if (begins) before = ${NO_RECORD};
      const item = items[change];
      const bits = startBits(before, item);
      if (bits === 0) break;
      if (begins) setStarts[setCount++] = end;
      const mask = masks[change];
      ${putRow("end")}
      const at = integersAt[change];
      ${putMembers((_word, at) => `integers[at + ${at}]`)}
      before = item;
      change = next[change];
    }
    ${close}
    run.before = before;
    run.change = change;
    run.setCount = setCount;
    return end;
  } };`;
  const helds = members.map(({ index }) => definition.heldClassOf(index));
  return new Function("helds", source)(helds) as RunFunctions;
}
