import { rangeError } from "../../arguments.js";
import type { INetworkPlayer } from "../../message/index.js";
import { checkOptions, numberOption, type OptionRules, required } from "../../options.js";
import type { Member } from "../behaviour/member.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkIdentity } from "../behaviour/network-identity.js";
import { grownInts } from "../collections/int-array.js";
import { CustomRule } from "../interest/custom-rule.js";
import { DistanceRule } from "../interest/distance-rule.js";
import type { GridCell } from "../interest/grid-cells.js";
import { GridRule } from "../interest/grid-rule.js";
import { GroupRule } from "../interest/group-rule.js";
import { FIRST_RULE, Reason, type Visibility } from "../interest/visibility.js";
import type { ChangedObjects } from "./changed-objects.js";
import type { ObjectPlayer } from "./object-player.js";
import type { PositionMember, ServerObject } from "./server-object.js";

/** A place in the world. */
export interface WorldPosition {
  /** In units of the game, as `y` and `z`. */
  x: number;
  y: number;
  /** Left out in the plane. @defaultValue 0 */
  z?: number;
}

/** From where on an object is seen, and from where on no more. */
export interface SightOptions {
  /** An object that comes nearer than this, above 0, is seen. */
  enter: number;
  /** It is lost when it is farther away than this: at least `enter`. */
  leave: number;
}

/** What a rule `grid` has found when it looked last: its squares, and what is in them. */
export interface InterestGrid {
  /** The side of each square, which is the `leave` of the rule, in units of the game. */
  readonly side: number;
  /** How many squares have an object or the centre of a player in them. */
  readonly count: number;
  /** The first of these, those with the most objects first. */
  readonly cells: readonly GridCell[];
}

/** Decides who sees what: one of `always`, `groups`, `grid`, `distance`, `decide`. */
export type InterestRule =
  | { readonly kind: "always" | "groups" }
  | { readonly kind: "grid" | "distance"; readonly sight: SightOptions }
  | { readonly kind: "decide"; readonly sees: (player: INetworkPlayer, identity: NetworkIdentity) => boolean };

const SIGHT_OPTIONS: OptionRules<SightOptions> = {
  enter: required(numberOption(Number.MIN_VALUE, Number.MAX_VALUE)),
  leave: required(numberOption(Number.MIN_VALUE, Number.MAX_VALUE)),
};

function checkSight(name: string, sight: SightOptions): SightOptions {
  checkOptions(name, sight, SIGHT_OPTIONS);
  if (!(sight.leave >= sight.enter)) throw rangeError(`The leave of ${name}`, "at least its enter");
  return { ...sight };
}

/** Every player sees every object. */
export const always = (): InterestRule => ({ kind: "always" });

/** Players see the objects of the groups that they are in: `join`, `leave` and `setGroup` of the manager. */
export const groups = (): InterestRule => ({ kind: "groups" });

/**
 * Players see what is near to their character or `focus`. Objects have a member `position`, a vector.
 *
 * @throws TypeError, RangeError for wrong distances
 */
export const grid = (sight: SightOptions): InterestRule => ({ kind: "grid", sight: checkSight("grid", sight) });

/** As `grid`, for few objects that are seen from far away. @throws as `grid` */
export const distance = (sight: SightOptions): InterestRule => ({
  kind: "distance",
  sight: checkSight("distance", sight),
});

/** A function decides, in each tick, for each player and object. */
export const decide = (sees: (player: INetworkPlayer, identity: NetworkIdentity) => boolean): InterestRule => ({
  kind: "decide",
  sees,
});

const EVERYTHING = "everything";

/** The rules of a world. */
export class Interest {
  readonly #always: GroupRule<string> | null = null;
  readonly groups: GroupRule<unknown> | null = null;
  readonly #custom: CustomRule | null = null;
  readonly #near: (GridRule | DistanceRule)[] = [];
  readonly #sight: SightOptions[] = [];
  readonly #objects = new Map<number, ServerObject>();
  readonly #players = new Map<number, ObjectPlayer>();
  /** Those who see everything, by index. */
  readonly #watchers = new Set<number>();
  readonly #visibility: Visibility;
  /** Objects whose `position` is no networked member: nobody tells when it changes. */
  readonly #unnoticed = new Set<ServerObject>();
  readonly #members = new Map<Member, PositionMember>();
  /** A place that was read last: three coordinates, and room for a fourth number. */
  readonly #place = new Float64Array(4);
  /** Changed objects, and three coordinates of each. */
  #moved = new Int32Array(0);
  #movedTo = new Float64Array(0);
  /** Where objects, by item, and the players' centres were at the last look. */
  readonly #places = new LastPlaces();
  readonly #centres = new LastPlaces();

  constructor(visibility: Visibility, rules: readonly InterestRule[]) {
    this.#visibility = visibility;
    for (const [index, rule] of rules.entries()) {
      const reason = 1 << (FIRST_RULE + index);
      if (rule.kind === "always") this.#always = new GroupRule(visibility, reason);
      else if (rule.kind === "groups") this.groups = new GroupRule(visibility, reason);
      else if (rule.kind === "decide") {
        this.#custom = new CustomRule(visibility, reason, (player, item) => {
          const [of, object] = [this.#players.get(player), this.#objects.get(item)];
          return of !== undefined && object !== undefined && rule.sees(of.player, object) === true;
        });
      } else if ("sight" in rule) {
        const Rule = rule.kind === "grid" ? GridRule : DistanceRule;
        this.#near.push(new Rule(visibility, reason, rule.sight));
        this.#sight.push(rule.sight);
      }
    }
  }

  add(object: ServerObject): void {
    this.#objects.set(object.item, object);
    for (const index of this.#watchers) this.#visibility.set(index, object.item, Reason.Show, true);
    this.#always?.setGroup(object.item, EVERYTHING);
    this.#custom?.addItem(object.item);
    for (const [index, rule] of this.#near.entries()) {
      if (rule instanceof DistanceRule) rule.setDistances(object.item, this.#sight[index] as SightOptions);
    }
    const behaviour = behaviourWithPosition(object);
    const member = object.layout.definitions[behaviour]?.members.find(({ name }) => name === "position");
    if (!member) this.#unnoticed.add(object);
    else object.positionMember = this.#positionMember(behaviour, member);
    this.#moveItem(object);
  }

  remove(object: ServerObject): void {
    const { item } = object;
    this.#objects.delete(item);
    this.#unnoticed.delete(object);
    this.#places.forget(item);
    this.#always?.removeItem(item);
    this.groups?.removeItem(item);
    this.#custom?.removeItem(item);
    for (const rule of this.#near) rule.removeItem(item);
  }

  addPlayer(player: ObjectPlayer): void {
    if (player.isWatcher) {
      this.#watchers.add(player.index);
      for (const item of this.#objects.keys()) this.#visibility.set(player.index, item, Reason.Show, true);
      return;
    }
    this.#players.set(player.index, player);
    this.#always?.join(player.index, EVERYTHING);
    this.#custom?.addPlayer(player.index);
    for (const group of player.standing.groups) this.groups?.join(player.index, group);
  }

  removePlayer(player: ObjectPlayer): void {
    this.#players.delete(player.index);
    this.#watchers.delete(player.index);
    this.#centres.forget(player.index);
    this.#always?.removePlayer(player.index);
    this.groups?.removePlayer(player.index);
    this.#custom?.removePlayer(player.index);
    for (const rule of this.#near) rule.removeCentre(player.index);
  }

  /** What its rules `grid` have found, in their order. @param max squares of each */
  grids(max: number): InterestGrid[] {
    return this.#near.flatMap((rule, index) => {
      if (!(rule instanceof GridRule)) return [];
      const cells = rule.cells();
      return [{ side: (this.#sight[index] as SightOptions).leave, count: cells.length, cells: cells.slice(0, max) }];
    });
  }

  /** Looks where everything is now. @param changed the objects of which a member was set since they were sent */
  update(changed: ChangedObjects): void {
    this.#custom?.update();
    if (this.#near.length === 0) return;
    this.moveItems(changed);
    for (const object of this.#unnoticed) this.#moveItem(object);
    for (const player of this.#players.values()) this.#moveCentre(player);
  }

  /**
   * Lists where changed objects are. Nothing else is done with them here: in so short a loop the processor waits for
   * the memory of many objects at a time.
   *
   * @returns how many have a place
   */
  #collect({ count, list }: ChangedObjects): number {
    if (3 * count > this.#movedTo.length) this.#movedTo = new Float64Array(6 * count);
    this.#moved = grownInts(this.#moved, count);
    const moved = this.#moved;
    const movedTo = this.#movedTo;
    let found = 0;
    for (let index = 0; index < count; index++) {
      const object = list[index] as ServerObject;
      const member = object.positionMember;
      if (!object.isSpawned) continue;
      if (member === null) {
        this.#moveItem(object);
        continue;
      }
      const at = 3 * found;
      const values = member.behaviour === 0 ? object.first : (object.values[member.behaviour] as MemberValues);
      values.getNumbers(member.index, movedTo, at);
      if (!member.isSpace) movedTo[at + 2] = 0;
      moved[found++] = object.item;
    }
    return found;
  }

  /** Looks where the changed objects are now. */
  moveItems(changed: ChangedObjects): void {
    if (this.#near.length === 0) return;
    const place = this.#place;
    const found = this.#collect(changed);
    for (let index = 0; index < found; index++) {
      for (let axis = 0; axis < 3; axis++) place[axis] = this.#movedTo[3 * index + axis] as number;
      this.#moveTo(this.#moved[index] as number, place);
    }
  }

  /** One for all objects with the same member. */
  #positionMember(behaviour: number, member: Member): PositionMember | null {
    const known = this.#members.get(member);
    if (known && known.behaviour === behaviour) return known;
    const names = `${member.components}`;
    if (names !== "x,y" && names !== "x,y,z") return null;
    const made = { behaviour, index: member.index, isSpace: names !== "x,y" };
    this.#members.set(member, made);
    return made;
  }

  #moveCentre(player: ObjectPlayer): void {
    const { index, standing } = player;
    const { character, focus } = standing;
    const centre = focus ? this.#placeOf(focus) : character && this.#placeOfObject(character);
    if (centre) {
      if (!this.#centres.move(index, centre)) return;
      for (let rule = 0; rule < this.#near.length; rule++) this.#near[rule]?.moveCentre(index, centre);
    } else if (this.#centres.forget(index)) for (const rule of this.#near) rule.removeCentre(index);
  }

  #moveItem(object: ServerObject): void {
    if (this.#near.length === 0) return;
    const place = this.#placeOfObject(object);
    if (place) this.#moveTo(object.item, place);
  }

  #moveTo(item: number, place: Float64Array): void {
    if (!this.#places.move(item, place)) return;
    for (let rule = 0; rule < this.#near.length; rule++) this.#near[rule]?.moveItem(item, place);
  }

  #placeOf({ x, y, z = 0 }: WorldPosition): Float64Array {
    const place = this.#place;
    place[0] = x;
    place[1] = y;
    place[2] = z;
    return place;
  }

  #placeOfObject(object: ServerObject): Float64Array | null {
    const member = object.positionMember;
    if (!member) {
      const position = positionOf(object);
      return position && this.#placeOf(position);
    }
    const place = this.#place;
    object.values[member.behaviour]?.getNumbers(member.index, place, 0);
    if (!member.isSpace) place[2] = 0;
    return place;
  }
}

/** Where things were, by a small number. */
class LastPlaces {
  /** Three coordinates of each; NaN for what has no place. */
  #data = new Float64Array(0);

  /** Remembers where something is. @returns whether it was not there */
  move(key: number, place: Float64Array): boolean {
    const at = 3 * key;
    if (at >= this.#data.length) {
      const data = new Float64Array(Math.max(at + 3, 2 * this.#data.length)).fill(Number.NaN);
      data.set(this.#data);
      this.#data = data;
    }
    const data = this.#data;
    if (data[at] === place[0] && data[at + 1] === place[1] && data[at + 2] === place[2]) return false;
    for (let axis = 0; axis < 3; axis++) data[at + axis] = place[axis] as number;
    return true;
  }

  /** @returns whether it had a place */
  forget(key: number): boolean {
    const at = 3 * key;
    if (at >= this.#data.length || Number.isNaN(this.#data[at])) return false;
    this.#data[at] = Number.NaN;
    return true;
  }
}

/** The place of the first behaviour that has a position, -1 without one. */
const behaviourWithPosition = ({ parts }: ServerObject): number =>
  parts.findIndex((part) => typeof (part as { position?: WorldPosition }).position?.x === "number");

/** The `position` of the first behaviour that has one. */
function positionOf(object: ServerObject): WorldPosition | null {
  for (const part of object.parts) {
    const { position } = part as { position?: WorldPosition };
    if (typeof position?.x === "number") return position;
  }
  return null;
}
