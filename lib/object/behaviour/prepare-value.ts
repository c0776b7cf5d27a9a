import { isDevelopment } from "../../development.js";
import { NetworkWriter } from "../../serialization/index.js";
import type { Member } from "./member.js";

/** Values of any codec are tried here when they are assigned: what cannot be written throws at once. */
const trial = new NetworkWriter();

export function checkValue({ codec }: Member, value: unknown): void {
  trial.reset();
  codec.write(trial, value);
}

/** What a member that is neither a scalar nor live does before it takes a value: it throws, or it may freeze it. */
export function prepareValue(member: Member): (value: unknown) => void {
  const { mutable } = member.options;
  return (value) => {
    checkValue(member, value);
    if (typeof value === "object" && !mutable && isDevelopment() && !ArrayBuffer.isView(value)) Object.freeze(value);
  };
}
