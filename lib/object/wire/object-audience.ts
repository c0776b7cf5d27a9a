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
}

/** Other sets of members are forgotten beyond so many: they can be made again. */
const MAX_AUDIENCES = 256;

/** The audiences of one prefab: one object for each set of members, so that equal ones are the same. */
export class ObjectAudiences {
  readonly others: ObjectAudience;
  readonly owner: ObjectAudience;
  readonly #create: (isOwner: boolean, granted: Masks) => ObjectAudience;
  readonly #known = new Map<string, ObjectAudience>();

  constructor(nothing: Masks, create: (isOwner: boolean, granted: Masks) => ObjectAudience) {
    this.#create = create;
    this.others = create(false, nothing);
    this.owner = create(true, nothing);
  }

  of(isOwner: boolean, granted: Masks): ObjectAudience {
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
