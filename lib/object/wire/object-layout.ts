import { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { BehaviourDefinition } from "../behaviour/definition.js";
import { readFullState, writeFullState } from "../behaviour/identity-state.js";
import type { Member } from "../behaviour/member.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { Prefab } from "../behaviour/prefab.js";

/** The masks of each behaviour, in the order in which they are written. */
export type Masks = readonly number[];

/** Members beyond the first 30 latest ones of an object share a bit of the journal. */
const MAX_LATEST_BITS = 31;

/** A member that is interpolated. */
export interface InterpolatedMember {
  /** The place of its behaviour in the object. */
  readonly behaviour: number;
  readonly member: Member;
}

/** What both sides know of the objects of a prefab: which members travel to whom, and how. */
export class ObjectLayout {
  readonly prefab: Prefab;
  /** Its number on the wire. */
  readonly number: number;
  readonly definitions: readonly BehaviourDefinition[];
  /**
   * For those who do not own the object, and for its owner: the members that they may see, and those of them that
   * travel in order, or as the latest value.
   */
  readonly visible: readonly [Masks, Masks];
  readonly ordered: readonly [Masks, Masks];
  readonly latest: readonly [Masks, Masks];
  /** Members that only the owner sets: its own values do not come back to it. */
  readonly fromOwnerOnly: Masks;
  /** Members that the owner may set. */
  readonly fromOwner: Masks;
  /** All bits of latest members in the journal's masks. */
  readonly allLatest: number;
  /** Whether a member has an `every` above 1. */
  readonly hasEvery: boolean;
  readonly interpolated: readonly InterpolatedMember[];
  /** Interpolated members are sent each so many ticks. */
  readonly intervalTicks: number;
  /** A spare object, to read what nobody wants any more. */
  #spare: readonly MemberValues[] | null = null;
  /** The values of a new object. */
  #fresh: Uint8Array | null = null;
  readonly #latestPlaces: { behaviour: number; bit: number; place: number }[] = [];

  constructor(prefab: Prefab, number: number) {
    this.prefab = prefab;
    this.number = number;
    this.definitions = prefab.definitions;
    const masks = (has: (options: Options) => boolean): Masks =>
      this.definitions.map(({ members }) =>
        members.reduce((mask, { bit, options }) => mask | (has(options) ? bit : 0), 0),
      );
    const both = (has: (options: Options) => boolean): [Masks, Masks] => [
      masks((options) => options.to !== "owner" && typeof options.to !== "function" && has(options)),
      masks((options) => options.to !== "others" && typeof options.to !== "function" && has(options)),
    ];
    this.visible = both(() => true);
    this.ordered = both(({ delivery, initialOnly }) => delivery !== "latest" && initialOnly !== true);
    this.latest = both(({ delivery }) => delivery === "latest");
    this.fromOwnerOnly = masks(({ from }) => from === "owner");
    this.fromOwner = masks(({ from }) => from === "owner" || from === "both");
    this.hasEvery = this.definitions.some(({ members }) => members.some(({ options }) => (options.every ?? 1) > 1));
    this.interpolated = this.definitions.flatMap(({ members }, behaviour) =>
      members.filter(({ options }) => options.interpolate).map((member) => ({ behaviour, member })),
    );
    this.intervalTicks = Math.max(1, ...this.interpolated.map(({ member }) => member.options.every ?? 1));
    let all = 0;
    for (const [behaviour, { members }] of this.definitions.entries()) {
      for (const { bit, options } of members) {
        if (options.delivery !== "latest") continue;
        const place = 1 << Math.min(this.#latestPlaces.length, MAX_LATEST_BITS - 1);
        this.#latestPlaces.push({ behaviour, bit, place });
        all |= place;
      }
    }
    this.allLatest = all;
  }

  get spare(): readonly MemberValues[] {
    this.#spare ??= this.prefab.create().values;
    return this.#spare;
  }

  /** Gives an object's values what those of a new one are. */
  reset(values: readonly MemberValues[]): void {
    const all = this.definitions.map(({ allMask }) => allMask);
    if (!this.#fresh) {
      const writer = new NetworkWriter();
      writeFullState(writer, this.prefab.create().values, all);
      this.#fresh = writer.toBytes();
    }
    readFullState(new NetworkReader(this.#fresh), values, all);
  }

  /** The journal's mask of the latest members in the masks of the behaviours. */
  toJournal(masks: Masks): number {
    let mask = 0;
    for (const { behaviour, bit, place } of this.#latestPlaces) {
      if (((masks[behaviour] as number) & bit) !== 0) mask |= place;
    }
    return mask;
  }

  /** The opposite of `toJournal`: fills `masks`. */
  fromJournal(mask: number, masks: number[]): void {
    masks.length = this.definitions.length;
    masks.fill(0);
    for (const { behaviour, bit, place } of this.#latestPlaces) {
      if ((mask & place) !== 0) (masks[behaviour] as number) |= bit;
    }
  }

  /** The members of a behaviour that are sent in a tick, by their `every`. */
  dueIn(behaviour: number, phase: number): number {
    let mask = 0;
    for (const { bit, options } of (this.definitions[behaviour] as BehaviourDefinition).members) {
      if (phase % (options.every ?? 1) === 0) mask |= bit;
    }
    return mask;
  }
}

type Options = BehaviourDefinition["members"][number]["options"];
