import type { ObjectAudience } from "../wire/object-audience.js";
import type { Masks } from "../wire/object-layout.js";
import type { ObjectPlayer } from "./object-player.js";
import type { ServerObject } from "./server-object.js";

/** What a player knows of an object that it sees. */
export class ObjectView {
  readonly player: ObjectPlayer;
  readonly object: ServerObject;
  #audience: ObjectAudience;
  /** The last message that holds latest members in order, counted from 1: its spawn, a new owner, a correction. */
  #spawnBatch = 0;
  /** Latest members that have changed since, until the player has that message: it must not undo newer ones. */
  waitingLatest = 0;
  /** Whether that message and those behind it have all latest members. Until it is there, they travel in order. */
  isWhole = false;
  /** The tick of its spawn: the player shows nothing older. */
  readonly spawnTick: number;
  /** Of each behaviour the references that were last sent as null, since the player did not see what they refer to. */
  readonly hidden: number[];
  /** Of each member that the owner may set the last message that has it. */
  readonly #sentIn: number[] = [];
  /** Its places among the views of the object, and among the special ones: -1 if it is none of them. */
  place = 0;
  specialPlace = -1;
  isRemoved = false;

  constructor(player: ObjectPlayer, object: ServerObject, audience: ObjectAudience, spawnTick: number) {
    this.spawnTick = spawnTick;
    this.player = player;
    this.object = object;
    this.#audience = audience;
    this.hidden = object.layout.hasReferences ? object.values.map(() => 0) : NONE;
  }

  /** Which members the player gets. */
  get audience(): ObjectAudience {
    return this.#audience;
  }

  set audience(audience: ObjectAudience) {
    this.#audience = audience;
    this.#classify();
  }

  /**
   * The message written now holds latest members in order: packets with newer ones wait until the player has it.
   *
   * @param isWhole whether it holds all of them
   */
  waitForBatch(isWhole = true): void {
    const { player } = this;
    this.isWhole = isWhole || (this.isWhole && !this.isConfirmed);
    if (this.isConfirmed) player.addUnconfirmed(this);
    this.#spawnBatch = player.nextBatch;
    this.#classify();
  }

  /** Whether the player has the last message that holds latest members in order. */
  get isConfirmed(): boolean {
    return this.#spawnBatch <= this.player.appliedBatches;
  }

  /** The player has applied more messages. @returns whether it has the one that this waited for */
  confirm(): boolean {
    if (!this.isConfirmed) return false;
    this.#classify();
    return true;
  }

  /** Who gets what most others do gets the record that is written for all; the others are special. */
  #classify(): void {
    const { object, player } = this;
    const isSpecial = !this.isConfirmed || this.#audience !== object.layout.audiences.others;
    if (this.isRemoved || isSpecial === this.specialPlace >= 0) return;
    if (isSpecial) {
      object.addSpecial(this);
      player.special.set(object.item, this);
    } else {
      object.removeSpecial(this);
      player.special.delete(object.item);
    }
  }

  /** The player does not see the object any more, as far as the server knows. */
  remove(): void {
    const { object, player } = this;
    this.isRemoved = true;
    player.views.delete(object.item);
    player.special.delete(object.item);
    object.removeView(this);
    player.heldOrdered.delete(object);
  }

  /** The members `masks` are in the next message. */
  sentOwn(masks: Masks): void {
    if (!this.audience.isOwner) return;
    const { fromOwner } = this.object.layout;
    const { nextBatch } = this.player;
    for (let index = 0; index < masks.length; index++) {
      for (let left = (masks[index] as number) & (fromOwner[index] as number); left !== 0; left &= left - 1) {
        this.#sentIn[index * 32 + 31 - Math.clz32(left & -left)] = nextBatch;
      }
    }
  }

  /**
   * Those of a behaviour's members `mask` that the owner has set before it had applied what it was sent of them: its
   * own value is gone there by then.
   */
  crossing(index: number, mask: number, appliedBatches: number): number {
    let found = 0;
    for (let left = mask; left !== 0; left &= left - 1) {
      const bit = left & -left;
      if ((this.#sentIn[index * 32 + 31 - Math.clz32(bit)] ?? 0) > appliedBatches) found |= bit;
    }
    return found;
  }
}

const NONE: number[] = [];
