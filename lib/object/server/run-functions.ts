import { mayGenerate } from "../../serialization/compile-fields.js";
import type { BehaviourDefinition } from "../behaviour/definition.js";
import {
  BEGINS_SET,
  type LayoutRun,
  NO_RECORD,
  ROW_BITS,
  type RunFunctions,
  type ValuesHolder,
} from "../behaviour/record-run.js";
import { shortStart, shortStartBits } from "../wire/latest-format.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import { generateRun } from "./generated-run.js";

const looped: RunFunctions = {
  integerCount: 0,

  writeRun: (_writer, _run, _form, from) => from,

  settleAll({ masks, objects }, from, to) {
    for (let change = from; change < to; change++) {
      const { first } = objects[change] as ValuesHolder;
      const { latestMask, latestShift } = first.definition;
      masks[change] = (first.settle(latestMask) & latestMask) >>> latestShift;
    }
  },

  writeChain(writer, run, { start, startBits, zeroBits, maskBits }, first, place, limit) {
    const { items, kinds, masks, next, objects, rows, setStarts, starts } = run;
    const kind = (kinds[first] as number) | BEGINS_SET;
    let end = place;
    let change = first;
    for (; end < limit && change >= 0; end++) {
      const flags = kinds[change] as number;
      if ((flags | BEGINS_SET) !== kind) break;
      const begins = (flags & BEGINS_SET) !== 0;
      if (begins) run.before = NO_RECORD;
      const item = items[change] as number;
      const bits = startBits(run.before, item);
      if (bits === 0) break;
      if (begins) setStarts[run.setCount++] = end;
      const mask = masks[change] as number;
      rows.set([item, mask, mask, bits], end << ROW_BITS);
      starts[end] = writer.bitLength;
      writer.writeBits(start(run.before, item) | (mask << (bits + zeroBits)), bits + zeroBits + maskBits);
      const values = (objects[change] as ValuesHolder).first;
      values.write(writer, mask << values.definition.latestShift);
      run.before = item;
      change = next[change] as number;
    }
    run.change = change;
    return end;
  },
};

const othersStart = (before: number, item: number): number => shortStart(before, item, false);

const known = new WeakMap<BehaviourDefinition, RunFunctions>();

/** Those of a class: straight code if the platform allows it and its latest members are numbers, else loops. */
export function runFunctionsOf(definition: BehaviourDefinition): RunFunctions {
  let functions = known.get(definition);
  if (!functions) {
    functions = (mayGenerate() ? generateRun(definition) : null) ?? looped;
    known.set(definition, functions);
  }
  return functions;
}

/** What settles and writes many objects of a layout at a time. */
export function layoutRunOf({ definitions, hasRuns, interpolated, latestCount }: ObjectLayout): LayoutRun {
  // A bit says whether interpolated ones have teleported.
  const zeroBits = interpolated.length > 0 ? 1 : 0;
  const form = hasRuns ? { startBits: shortStartBits, start: othersStart, zeroBits, maskBits: latestCount } : null;
  return { ...runFunctionsOf(definitions[0] as BehaviourDefinition), form };
}
