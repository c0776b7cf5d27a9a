import type { NetworkReader } from "../../serialization/index.js";
import type { BehaviourDefinition } from "../behaviour/definition.js";
import { readMask } from "../behaviour/identity-state.js";
import type { Member } from "../behaviour/member.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { Prefab } from "../behaviour/prefab.js";
import type { LayoutRun } from "../behaviour/record-run.js";
import type { RpcDefinition, RpcNumbers } from "../behaviour/rpc.js";
import { BITS_BESIDE_START } from "./latest-format.js";
import { type ObjectAudience, ObjectAudiences } from "./object-audience.js";
import type { BehaviourPart } from "./optional-parts.js";

/** The masks of each behaviour, in the order in which they are written. */
export type Masks = readonly number[];

/** Members beyond the first 30 latest ones of an object share a bit of the journal. */
const MAX_LATEST_BITS = 31;

/** These fit one number with any short start and the bit of a teleport. */
const MAX_RUN_BITS = BITS_BESIDE_START - 1;

/** A member that is interpolated. */
export interface InterpolatedMember {
  /** The place of its behaviour in the object. */
  readonly behaviour: number;
  readonly member: Member;
  /** Whether the owner may set it. */
  readonly isFromOwner: boolean;
}

/**
 * What both sides know of the objects of a prefab: which members travel to whom, and how. There are more of a prefab
 * for connections whose other side lacks optional parts. All have the same bits of members, also in the journal.
 */
export class ObjectLayout {
  readonly prefab: Prefab;
  readonly definitions: readonly BehaviourDefinition[];
  readonly rpcs: RpcNumbers;
  readonly audiences: ObjectAudiences;
  /** Members with a function in `to`. */
  readonly scoped: Masks;
  readonly hasScopes: boolean;
  /** Of these the latest ones: their packets say which of them the player may see. */
  readonly scopedLatest: Masks;
  readonly hasScopedLatest: boolean;
  readonly hasReferences: boolean;
  /** Whether there are collections that the owner may change. */
  readonly hasOwnCollections: boolean;
  /** Members that only the owner sets: its own values do not come back to it. */
  readonly fromOwnerOnly: Masks;
  /** Members that the owner may set. */
  readonly fromOwner: Masks;
  readonly isFromOwner: boolean;
  /** All bits of latest members in the journal's masks. */
  readonly allLatest: number;
  /** Whether a member has an `every` above 1. */
  readonly hasEvery: boolean;
  readonly interpolated: readonly InterpolatedMember[];
  /** How many numbers the interpolated members are. */
  readonly columns: number;
  /** Their bits in the journal's masks. */
  readonly interpolatedPlaces: number;
  /** Interpolated members are sent each so many ticks. */
  readonly intervalTicks: number;
  /** A spare object, to read what nobody wants any more. */
  #spare: readonly MemberValues[] | null = null;
  /** An object as it is made, to put members back to what they start with. */
  #fresh: readonly MemberValues[] | null = null;
  readonly #latestPlaces: { behaviour: number; bit: number; place: number }[] = [];
  /** Of each behaviour its latest members, and by how many bits they are moved in the journal's masks. */
  readonly #latest: Masks;
  readonly #shifts: readonly number[];
  /** Whether that says it all: the latest members of each behaviour have bits side by side, and are not too many. */
  readonly #isShifted: boolean;
  /** Whether one behaviour's changes, which only the server makes, are sent at once, and the above holds. */
  readonly isSingle: boolean;
  /** Whether latest state is nothing but the members of one behaviour, moved as above. */
  readonly isSimple: boolean;

  /** Server: whether records are written in runs: `isSingle` holds, and all others get all latest members. */
  readonly hasRuns: boolean;
  /** Server: what settles and writes many of these objects at a time, once it was needed. */
  run: LayoutRun | null = null;

  /** @param lacking what one side does not have */
  constructor(prefab: Prefab, lacking: readonly BehaviourPart[] = []) {
    this.prefab = prefab;
    this.definitions = prefab.definitions;
    const has = (index: number, one: Member | RpcDefinition) =>
      !lacking.some(({ behaviour, part }) => behaviour === index && part === one);
    const masks = (holds: (options: Options) => boolean): Masks =>
      this.definitions.map(({ members }, index) =>
        members.reduce((mask, member) => mask | (holds(member.options) && has(index, member) ? member.bit : 0), 0),
      );
    const present = masks(() => true);
    this.rpcs = this.definitions.map(({ rpcs }, index) =>
      rpcs.filter((rpc) => has(index, rpc)).map((rpc) => rpc.index),
    );
    this.scoped = masks(({ to }) => typeof to === "function");
    this.scopedLatest = masks(({ to, delivery }) => typeof to === "function" && delivery === "latest");
    this.hasScopes = this.scoped.some((mask) => mask !== 0);
    this.hasScopedLatest = this.scopedLatest.some((mask) => mask !== 0);
    this.hasReferences = this.definitions.some(({ referenceMask }) => referenceMask !== 0);
    this.fromOwnerOnly = masks(({ from }) => from === "owner");
    this.fromOwner = masks(({ from }) => from === "owner" || from === "both");
    this.isFromOwner = this.fromOwner.some((mask) => mask !== 0);
    this.hasEvery = this.definitions.some(({ members }) => members.some(({ options }) => (options.every ?? 1) > 1));
    this.interpolated = this.definitions.flatMap(({ members }, behaviour) =>
      members
        .filter((member) => member.options.interpolate && has(behaviour, member))
        .map((member) => ({ behaviour, member, isFromOwner: (member.options.from ?? "server") !== "server" })),
    );
    this.intervalTicks = Math.max(1, ...this.interpolated.map(({ member }) => member.options.every ?? 1));
    this.hasOwnCollections = this.definitions.some(
      ({ collectionMask }, index) => (collectionMask & (this.fromOwner[index] as number)) !== 0,
    );
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
    this.#latest = this.definitions.map(({ latestMask }) => latestMask);
    this.#shifts = this.definitions.map(({ latestMask }, index) => {
      const first = this.#latestPlaces.find(({ behaviour }) => behaviour === index);
      return first ? Math.clz32(latestMask & -latestMask) - Math.clz32(first.place) : 0;
    });
    this.#isShifted =
      this.#latestPlaces.length < MAX_LATEST_BITS &&
      this.#latestPlaces.every(
        ({ behaviour, bit, place }) => shifted(bit, this.#shifts[behaviour] as number) === place,
      );
    const isAlone = this.#isShifted && this.definitions.length === 1;
    this.isSingle = isAlone && !this.isFromOwner && !this.hasEvery;
    this.isSimple = isAlone && !this.hasScopedLatest && this.interpolated.length === 0;
    const nothing = this.definitions.map(() => 0);
    const hidden = this.definitions.map(
      ({ ownerMask, othersMask, scopedMask }) => (ownerMask & ~othersMask) | scopedMask,
    );
    this.audiences = new ObjectAudiences(nothing, hidden, (isOwner, granted) => {
      const visible = this.definitions.map(
        ({ ownerMask, othersMask, scopedMask }, index) =>
          (((isOwner ? ownerMask : othersMask) & ~scopedMask) | (granted[index] as number)) &
          (present[index] as number),
      );
      const ordered = visible.map((mask, index) => mask & (this.definitions[index]?.orderedMask ?? 0));
      const latest = visible.map((mask, index) => mask & (this.definitions[index]?.latestMask ?? 0));
      const may = latest[0] as number;
      const simpleBits = (may & (may + 1)) === 0 ? 32 - Math.clz32(may) : BITS_BESIDE_START + 1;
      const latestPlaces = this.toJournal(latest);
      const isQuick = this.isSimple && !isOwner && simpleBits <= BITS_BESIDE_START;
      const quickBits = isQuick ? this.#quickBits(may) : 0;
      return { layout: this, isOwner, granted, visible, ordered, latest, latestPlaces, simpleBits, quickBits };
    });
    const isSeenByAll = this.isSingle && !this.hasScopedLatest && this.audiences.others.latestPlaces === all;
    this.hasRuns = isSeenByAll && this.latestCount > 0 && this.latestCount <= MAX_RUN_BITS;
    this.columns = this.interpolated.reduce((sum, { member }) => sum + (member.shape?.columns ?? 0), 0);
    this.interpolatedPlaces = this.toJournal(masks(({ interpolate }) => Boolean(interpolate)));
  }

  /** How many bits a record has at most with these members of the first behaviour; 0 unless all have a fixed width. */
  #quickBits(members: number): number {
    const { fixedBits } = (this.definitions[0] as BehaviourDefinition).Values;
    let sum = 32;
    for (let left = members; left !== 0; left &= left - 1) {
      const bits = fixedBits?.[31 - Math.clz32(left & -left)] ?? 0;
      if (bits === 0) return 0;
      sum += bits;
    }
    return sum;
  }

  get spare(): readonly MemberValues[] {
    this.#spare ??= this.prefab.create().values;
    return this.#spare;
  }

  /** Gives an object's values what those of a new one are. */
  reset(values: readonly MemberValues[]): void {
    for (const [index, fresh] of this.fresh.entries()) values[index]?.reset(fresh);
  }

  get fresh(): readonly MemberValues[] {
    if (!this.#fresh) {
      this.#fresh = this.prefab.create().values;
      for (const values of this.#fresh) values.settle();
    }
    return this.#fresh;
  }

  /** The journal's mask of the latest members in the masks of the behaviours. */
  toJournal(masks: Masks): number {
    let mask = 0;
    if (this.#isShifted) {
      for (let index = 0; index < masks.length; index++) {
        mask |= shifted((masks[index] as number) & (this.#latest[index] as number), this.#shifts[index] as number);
      }
      return mask;
    }
    for (const { behaviour, bit, place } of this.#latestPlaces) {
      if (((masks[behaviour] as number) & bit) !== 0) mask |= place;
    }
    return mask;
  }

  /** How many latest members the behaviours have. */
  get latestCount(): number {
    return this.#latestPlaces.length;
  }

  /** Of the first behaviour: its latest members. */
  get latestMask(): number {
    return this.#latest[0] as number;
  }

  /** Reads which of the members `scoped` a client gets by functions in `to`. */
  readAudience(reader: NetworkReader, isOwner: boolean, scoped: Masks = this.scoped): ObjectAudience {
    const granted = this.hasScopes ? scoped.map((mask) => readMask(reader, mask)) : NOTHING;
    return this.audiences.of(isOwner, granted);
  }

  /** The opposite of `toJournal`: fills `masks`. */
  fromJournal(mask: number, masks: number[]): void {
    const { length } = this.definitions;
    if (masks.length !== length) masks.length = length;
    if (this.#isShifted) {
      for (let index = 0; index < length; index++) {
        masks[index] = shifted(mask, -(this.#shifts[index] as number)) & (this.#latest[index] as number);
      }
      return;
    }
    masks.fill(0);
    for (const { behaviour, bit, place } of this.#latestPlaces) {
      if ((mask & place) !== 0) (masks[behaviour] as number) |= bit;
    }
  }

  /** The members whose values a player needs when it belongs to another audience by scopes. */
  scopeChange(before: ObjectAudience, now: ObjectAudience): Masks {
    return now.granted.map((mask, index) => {
      const added = mask & ~(before.granted[index] as number);
      return this.hasScopedLatest ? added | (now.latest[index] as number) : added;
    });
  }
}

const NOTHING: Masks = [];

/** Moves bits to the left, or to the right. */
const shifted = (mask: number, by: number): number => (by < 0 ? mask >>> -by : mask << by);

type Options = BehaviourDefinition["members"][number]["options"];
