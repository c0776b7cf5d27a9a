import type { Masks, ObjectLayout } from "./object-layout.js";

/**
 * Players who get the same members of an object: its owner or not, what functions in `to` grant them, and which
 * optional ones their programs have.
 */
export interface ObjectAudience {
  /** How the object travels to them. */
  readonly layout: ObjectLayout;
  readonly isOwner: boolean;
  /** The members with a function in `to` that said so. */
  readonly granted: Masks;
  /** The members that they may see, and those of them that travel in order, or as the latest value. */
  readonly visible: Masks;
  readonly ordered: Masks;
  readonly latest: Masks;
  /** The latest ones in the journal's masks. */
  readonly latestPlaces: number;
  /** How many bits say which latest members of the first behaviour follow, if these are its first members. */
  readonly simpleBits: number;
  /**
   * How many bits a record has at most, if its start, these bits and members of a fixed width are all of it; or 0. It
   * is 0 for the owner.
   */
  readonly quickBits: number;
}

/** Other sets of members are forgotten beyond so many: they can be made again. */
const MAX_AUDIENCES = 256;

/** The audiences of one prefab: one object for each set of members, so that equal ones are the same. */
export class ObjectAudiences {
  readonly owner: ObjectAudience;
  /** Somebody who sees everything. */
  readonly all: ObjectAudience;
  readonly #others: ObjectAudience;
  readonly #create: (isOwner: boolean, granted: Masks) => ObjectAudience;
  readonly #known = new Map<string, ObjectAudience>();

  /** What others get. */
  others: ObjectAudience;

  /** @param hidden the members that not everybody may see */
  constructor(nothing: Masks, hidden: Masks, create: (isOwner: boolean, granted: Masks) => ObjectAudience) {
    this.#create = create;
    this.others = this.#others = create(false, nothing);
    this.owner = create(true, nothing);
    this.all = hidden.every((mask) => mask === 0) ? this.others : create(false, hidden);
  }

  /** Client: whether it gets all members, also of what others own. */
  set seesAll(seesAll: boolean) {
    this.others = seesAll ? this.all : this.#others;
  }

  of(isOwner: boolean, granted: Masks): ObjectAudience {
    if (!isOwner && this.others === this.all) return this.all;
    if (granted.every((mask) => mask === 0)) return isOwner ? this.owner : this.others;
    const key = `${isOwner} ${granted}`;
    let audience = this.#known.get(key);
    if (!audience) {
      if (this.#known.size >= MAX_AUDIENCES) this.#known.clear();
      audience = this.#create(isOwner, [...granted]);
      this.#known.set(key, audience);
    }
    return audience;
  }
}
