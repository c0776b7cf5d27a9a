import { checkFunction, checkInteger, invalidType, noNumber, rangeError, typeError, wrongNumber } from "./arguments.js";

/** Throws unless `value` may be given for the option `name`. */
export type OptionRule = (name: string, value: unknown) => void;

/** The rule of an option that has no default. Made by {@link required}. */
export type RequiredRule = OptionRule & { readonly isRequired: true };

/** A rule for each option of `Options`: a {@link RequiredRule} for one that cannot be left out. */
export type OptionRules<Options> = {
  readonly [Name in keyof Required<Options>]: object extends Pick<Options, Name> ? OptionRule : RequiredRule;
};

/** The same rule, for an option that has no default. */
export const required = (rule: OptionRule): RequiredRule =>
  Object.assign((name: string, value: unknown) => rule(name, value), { isRequired: true } as const);

/** A whole number. */
export const integerOption =
  (min: number, max: number): OptionRule =>
  (name, value) =>
    checkInteger(name, value as number, min, max);

/** A number, with or without a fraction. */
export const numberOption =
  (min: number, max: number): OptionRule =>
  (name, value) => {
    if (typeof value !== "number") throw noNumber(name, value);
    if (!(value >= min && value <= max)) throw wrongNumber(name, value, numbers(min, max));
  };

function numbers(min: number, max: number): string {
  if (max < Number.MAX_VALUE) return `a number from ${min} to ${max}`;
  return min === Number.MIN_VALUE ? "a number above 0" : `a number of at least ${min}`;
}

/** A time in milliseconds; `Infinity` is never. */
export const durationOption =
  (minMs = 0): OptionRule =>
  (name, value) => {
    if (typeof value !== "number") throw noNumber(name, value, "a number of milliseconds");
    if (!(value >= minMs)) throw wrongNumber(name, value, `at least ${minMs} milliseconds`);
  };

/** A port to listen on; 0 is a free one. */
export const portOption = integerOption(0, 65_535);

/** A port to connect to. */
export const remotePortOption = integerOption(1, 65_535);

export const booleanOption: OptionRule = (name, value) => {
  if (typeof value !== "boolean") throw typeError(name, "a boolean");
};

export const textOption: OptionRule = (name, value) => {
  if (typeof value !== "string") throw typeError(name, "a string");
};

export const arrayOption: OptionRule = (name, value) => {
  if (!Array.isArray(value)) throw typeError(name, "an array");
};

export const functionOption: OptionRule = (name, value) => checkFunction(name, value);

/** An object that has these methods. */
export const objectOption =
  (...methods: string[]): OptionRule =>
  (name, value) => {
    if (value === true && methods.length === 0) throw typeError(name, "an object, and not true: {} has all defaults");
    if (typeof value !== "object" || value === null || isPromise(value)) {
      throw typeError(name, objectText("an object", value));
    }
    for (const method of methods) checkFunction(`${name}.${method}`, (value as Record<string, unknown>)[method]);
  };

/** An object that the reader knows by another name, and that has these methods. */
export const thingOption =
  (what: string, ...methods: string[]): OptionRule =>
  (name, value) => {
    const isThing = typeof value === "object" && value !== null;
    if (!isThing || methods.some((method) => typeof (value as Record<string, unknown>)[method] !== "function")) {
      throw typeError(name, objectText(what, value));
    }
  };

function objectText(what: string, value: unknown): string {
  if (typeof value === "function") return `${what}, and not a function or class: call it, or use \`new\``;
  return isPromise(value) ? `${what}, and not a promise: await it` : what;
}

/** Whether it is a promise, or anything that can be awaited. */
const isPromise = (value: unknown): boolean => typeof (value as { then?: unknown } | null)?.then === "function";

/** A `Clock`. */
export const clockOption = objectOption("now", "setTimeout", "clearTimeout");

/** An `AbortSignal`. */
export const signalOption = objectOption("throwIfAborted", "addEventListener");

export const oneOf =
  (...values: (string | number)[]): OptionRule =>
  (name, value) => {
    if (!values.includes(value as string))
      throw rangeError(name, values.map((one) => JSON.stringify(one)).join(" or "));
  };

export const nullOr =
  (rule: OptionRule): OptionRule =>
  (name, value) => {
    if (value !== null) rule(name, value);
  };

/**
 * Checks options when they are given, so that a mistake shows where it was made. `undefined` is an option that was left
 * out, which one that is `required` cannot be.
 *
 * @param owner who takes the options, for the error's text
 * @param placeOf where an option belongs that is none here, but may be expected; "": nowhere
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`; TypeError `ERR_UNKNOWN_OPTION` for a name
 *   that is no option, which names the nearest one
 */
export function checkOptions<Options extends object>(
  owner: string,
  options: Options,
  rules: OptionRules<Options>,
  placeOf: (name: string) => string = () => "",
): void {
  const isObject = typeof options === "object" && options !== null;
  // A megabyte of bytes would have a million names.
  if (!isObject || Array.isArray(options) || ArrayBuffer.isView(options) || isPromise(options)) {
    const advice = isPromise(options) ? ", and not a promise: await it" : "";
    throw typeError(`The options of ${owner}`, `an object${advice}; there are ${Object.keys(rules).join(", ")}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const rule: OptionRule | undefined = Object.hasOwn(rules, name) ? rules[name as keyof Options] : undefined;
    if (!rule) throw unknownOption(owner, name, Object.keys(rules), placeOf(name));
    if (value !== undefined) rule(name, value);
  }
  for (const name in rules) {
    if ("isRequired" in rules[name] && options[name] === undefined) throw missingOption(owner, name, rules[name]);
  }
}

/** The rule says what has to be given. */
function missingOption(owner: string, name: string, rule: OptionRule): TypeError {
  let advice = "";
  try {
    rule(name, undefined);
  } catch (error) {
    advice = `: ${(error as Error).message}`;
  }
  return invalidType(`${owner} needs the option ${name}${advice}`);
}

/**
 * Checks an object with callbacks: each is a function, and none is misspelt. Objects of classes may have other members.
 *
 * @param names all callbacks that there are
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, or `ERR_UNKNOWN_OPTION` with the nearest name
 */
export function checkCallbacks<Callbacks extends object>(
  owner: string,
  callbacks: Callbacks,
  names: readonly (keyof Callbacks & string)[],
): void {
  for (const name of names) if (callbacks[name] !== undefined) checkFunction(`${owner}.${name}`, callbacks[name]);
  const prototype: unknown = Object.getPrototypeOf(callbacks);
  const isPlain = prototype === Object.prototype || prototype === null;
  const members = isPlain ? Object.keys(callbacks) : [...Object.keys(callbacks), ...membersOf(prototype as object)];
  for (const member of members) {
    const isMeant = isPlain || /^(on|before)/i.test(member);
    if (!isMeant || (names as readonly string[]).includes(member)) continue;
    const isNear = names.some((name) => editDistance(member.toLowerCase(), name.toLowerCase()) <= 2);
    if (isPlain || isNear) throw unknownOption(owner, member, [...names]);
  }
}

/** The names in the prototypes of a class and of those that it extends. */
function membersOf(prototype: object): string[] {
  if (prototype === Object.prototype || prototype === null) return [];
  return [...Object.getOwnPropertyNames(prototype), ...membersOf(Object.getPrototypeOf(prototype))];
}

function unknownOption(owner: string, name: string, names: string[], place = ""): TypeError {
  const advice = place ? `: ${place}` : `; ${suggestion(name, names)}`;
  const error = new TypeError(`${owner} has no option ${name}${advice}`);
  return Object.assign(error, { code: "ERR_UNKNOWN_OPTION" });
}

/** What to say of a name that is none of `names`: the nearest one, or all of them. */
export function suggestion(name: string, names: readonly string[]): string {
  const [nearest] = names
    .map((known) => ({ known, distance: editDistance(name.toLowerCase(), known.toLowerCase()) }))
    .filter(({ known, distance }) => distance <= Math.max(2, known.length / 3))
    .sort((one, other) => one.distance - other.distance);
  return nearest ? `did you mean ${nearest.known}?` : `there are ${names.join(", ")}`;
}

/** How many letters have to be added, removed or replaced (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let at = 1; at <= to.length; at++) {
      const replaced = (row[at - 1] as number) + (to[at - 1] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[at] as number) + 1, (next[at - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
