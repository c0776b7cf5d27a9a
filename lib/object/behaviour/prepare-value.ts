import { checkEncodable, prepareElement } from "../synced/element.js";
import type { Member } from "./member.js";

/** What a member that is neither a scalar nor live does before it takes a value: it throws, or it may freeze it. */
export function prepareValue(member: Member): (value: unknown) => void {
  const { codec, options } = member;
  const prepare = options.mutable ? checkEncodable : prepareElement;
  return (value) => prepare(codec, value);
}
