import { invalidType, typeError } from "../../arguments.js";
import { mayGenerate } from "../../serialization/compile-fields.js";
import type { HeldClass } from "../synced/held-value.js";
import { generateValues } from "./generated-values.js";
import { liveClass } from "./live-value.js";
import { LoopedValues } from "./looped-values.js";
import { defineMembers, type Member, type MemberDeclaration } from "./member.js";
import type { ValuesClass } from "./member-values.js";
import { type AnyMethod, decoratedRpcs, defineRpcs, type Rpc, type RpcDefinition } from "./rpc.js";

type Class = abstract new (...parameters: never[]) => object;

type Rpcs = Readonly<Record<string, Rpc<AnyMethod>>>;
type Members = Readonly<Record<string, MemberDeclaration>>;

/** A member or an RPC. */
type BehaviourPart = Member | RpcDefinition;

/** What is known of a class of behaviours: its members, its RPCs and their layout. */
export class BehaviourDefinition {
  readonly className: string;
  /** By index, sorted by name. */
  readonly members: readonly Member[];
  /** By index, sorted by name. */
  readonly rpcs: readonly RpcDefinition[];
  readonly orderedMask: number;
  readonly latestMask: number;
  /** By how many bits masks are moved for the first latest member to have bit 0. */
  readonly latestShift: number;
  readonly initialOnlyMask: number;
  readonly mutableMask: number;
  /** Those that the owner gets of the server, and those that others do, before scopes are asked. */
  readonly ownerMask: number;
  readonly othersMask: number;
  /** Those whose `to` is a function. */
  readonly scopedMask: number;
  /** Those that an owner may set. */
  readonly fromOwnerMask: number;
  /** Those that the server may set. */
  readonly fromServerMask: number;
  /** Those whose values are assigned, and do not change in place. */
  readonly plainMask: number;
  readonly collectionMask: number;
  readonly referenceMask: number;
  /** What keeps the values: straight code if the platform allows it, else loops over arrays. */
  readonly Values: ValuesClass;
  readonly #byName: ReadonlyMap<string, Member>;
  readonly #heldClasses: readonly (HeldClass | null)[];
  /** The members that are not sent in each tick, by their `every`. */
  readonly #seldom: readonly { every: number; mask: number }[];

  constructor(className: string, members: readonly Member[], rpcs: readonly RpcDefinition[] = []) {
    this.className = className;
    this.members = members;
    this.rpcs = rpcs;
    const maskOf = (has: (member: Member) => boolean) =>
      members.reduce((mask, one) => mask | (has(one) ? one.bit : 0), 0);
    this.latestMask = maskOf(({ options }) => options.delivery === "latest");
    this.latestShift = this.latestMask === 0 ? 0 : 31 - Math.clz32(this.latestMask & -this.latestMask);
    this.initialOnlyMask = maskOf(({ options }) => options.initialOnly === true);
    this.mutableMask = maskOf(({ options }) => options.mutable === true);
    this.orderedMask = maskOf(() => true) & ~this.latestMask & ~this.initialOnlyMask;
    this.ownerMask = maskOf(({ options }) => options.to !== "others");
    this.othersMask = maskOf(({ options }) => options.to !== "owner");
    this.scopedMask = maskOf(({ options }) => typeof options.to === "function");
    this.fromOwnerMask = maskOf(({ options }) => (options.from ?? "server") !== "server");
    this.fromServerMask = maskOf(({ options }) => options.from !== "owner");
    this.plainMask = maskOf(({ components, held }) => !components && !held);
    this.collectionMask = maskOf(({ kind }) => kind === "collection");
    this.referenceMask = maskOf(({ kind }) => kind === "reference");
    this.#byName = new Map(members.map((member) => [member.name, member]));
    this.#heldClasses = members.map((member) =>
      member.components ? (liveClass(member) as unknown as HeldClass) : member.held,
    );
    const intervals = new Set(members.map(({ options }) => options.every ?? 1).filter((every) => every > 1));
    this.#seldom = [...intervals].map((every) => ({ every, mask: maskOf(({ options }) => options.every === every) }));
    this.Values = mayGenerate() ? generateValues(this) : LoopedValues;
  }

  get parts(): readonly BehaviourPart[] {
    return [...this.members, ...this.rpcs];
  }

  /** Those that are not optional. */
  get neededMask(): number {
    return this.members.reduce((mask, { bit, isOptional }) => (isOptional ? mask : mask | bit), 0);
  }

  get allMask(): number {
    return this.orderedMask | this.latestMask | this.initialOnlyMask;
  }

  /** Text that both sides must have the same: the names of the members and RPCs, and what each consists of. */
  get layout(): string {
    const parts = this.parts.filter(({ isOptional }) => !isOptional);
    return `{${parts.map(({ name, layout }) => `${JSON.stringify(name)}:${layout}`)}}`;
  }

  /** What keeps the member's value, if it is no plain one. */
  heldClassOf(index: number): HeldClass | null {
    return this.#heldClasses[index] ?? null;
  }

  /** The members that may be sent in a tick. @param phase shifts the ticks of those with `every`: a `netId` */
  dueMask(tick: number, phase: number): number {
    let due = -1;
    for (const { every, mask } of this.#seldom) if ((tick + phase) % every !== 0) due &= ~mask;
    return due;
  }

  /** @throws TypeError if there is none */
  memberOf(name: string): Member {
    const member = this.#byName.get(name);
    if (member) return member;
    throw invalidType(
      `${this.className} has no networked member ${name}; there are ${[...this.#byName.keys()].join(", ")}`,
    );
  }
}

/** What a class declares, without what it inherits. */
interface Declared {
  readonly members: Members;
  readonly rpcs: Rpcs;
}

const definitions = new WeakMap<Class, BehaviourDefinition>();
const declared = new WeakMap<Class, Declared>();

/** Says which members and RPCs a class has besides those of the classes that it extends. */
export function declareMembers(target: Class, members: Members, rpcs: Rpcs = {}): void {
  if (declared.has(target)) throw invalidType(`${target.name} has been made networked before`);
  declared.set(target, { members: { ...members }, rpcs: { ...rpcs } });
}

/** Where compilers hand over what decorators declare, unless there is `Symbol.metadata`. */
const METADATA = Symbol.for("Symbol.metadata");
const MEMBERS = Symbol("members");
type Metadata = Record<symbol, Record<string, MemberDeclaration> | undefined>;

// tsc gives decorators no metadata at all without the symbol.
if (!(Symbol as { metadata?: symbol }).metadata) Object.defineProperty(Symbol, "metadata", { value: METADATA });

/** What a decorator says of a member. */
export function declareMember(metadata: object, name: string, declaration: MemberDeclaration): void {
  const members = Object.hasOwn(metadata, MEMBERS) ? (metadata as Metadata)[MEMBERS] : {};
  (metadata as Metadata)[MEMBERS] = { ...members, [name]: declaration };
}

function decorated(target: Class): Declared {
  const key = (Symbol as { metadata?: symbol }).metadata ?? METADATA;
  const metadata = Object.hasOwn(target, key) ? (target as unknown as Record<symbol, Metadata>)[key] : undefined;
  if (!metadata) return { members: {}, rpcs: {} };
  return {
    members: Object.hasOwn(metadata, MEMBERS) ? (metadata[MEMBERS] as Members) : {},
    rpcs: decoratedRpcs(metadata),
  };
}

/** The declarations of a class and of those that it extends, down to `base`. */
function declarationsOf(target: Class, base: Class): Declared {
  if (target === base || target === null) return { members: {}, rpcs: {} };
  const inherited = declarationsOf(Object.getPrototypeOf(target) as Class, base);
  const [first, second] = [decorated(target), declared.get(target)];
  const members = { ...first.members, ...second?.members };
  const rpcs = { ...first.rpcs, ...second?.rpcs };
  const twice = Object.keys({ ...members, ...rpcs }).find(
    (name) => Object.hasOwn(inherited.members, name) || Object.hasOwn(inherited.rpcs, name),
  );
  if (twice !== undefined) throw invalidType(`${target.name}.${twice}: a class that it extends has such a member`);
  return { members: { ...inherited.members, ...members }, rpcs: { ...inherited.rpcs, ...rpcs } };
}

/**
 * The definition of a class that extends `base`, made when it is asked for the first time.
 *
 * @param methodOf the method of a name that the class has, or one that it extends
 * @throws TypeError, RangeError that name the class and the member
 */
export function definitionOf(
  target: Class,
  base: Class,
  methodOf: (name: string) => unknown,
  install: (definition: BehaviourDefinition) => void,
): BehaviourDefinition {
  const known = definitions.get(target);
  if (known) return known;
  if (typeof target !== "function" || !(target.prototype instanceof base)) {
    throw typeError("The class", `one that extends ${base.name}`);
  }
  const declarations = declarationsOf(target, base);
  const isTaken = (name: string) => name in base.prototype;
  const members = defineMembers(target.name, declarations.members, isTaken);
  const isMember = (name: string) => isTaken(name) || Object.hasOwn(declarations.members, name);
  const rpcs = defineRpcs(target.name, declarations.rpcs, isMember, methodOf);
  const definition = new BehaviourDefinition(target.name, members, rpcs);
  install(definition);
  definitions.set(target, definition);
  return definition;
}
