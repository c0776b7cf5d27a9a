import { rangeError } from "../../arguments.js";
import type { OptionRule } from "../../options.js";

/** The name of a fleet. */
export const appOption: OptionRule = (name, value) => {
  if (typeof value !== "string" || !/^[-\w]{1,50}$/.test(value)) throw rangeError(name, "1 to 50 of A-Z a-z 0-9 _ -");
};

/** The key, or part of a subject, that stands for an id: the id itself where it can, else its bytes behind a dash. */
export function nameOf(id: string): string {
  if (/^\w[-\w]*$/.test(id)) return id;
  return `-${Buffer.from(id).toString("base64url")}`;
}

/** The id that a name stands for. */
export function idOf(name: string): string {
  return name.startsWith("-") ? Buffer.from(name.slice(1), "base64url").toString() : name;
}
