import { constants } from "node:os";

/** System error numbers: Linux, macOS, Windows. */
const addressInUse = [98, 48, 10048];
const accessDenied = [13, 13, 10013];

/** The library's code for a system error number, or null when it has no code of its own. */
export function codeOfSystemError(number: number): "ERR_ADDRESS_IN_USE" | "ERR_ACCESS" | null {
  if (addressInUse.includes(number)) return "ERR_ADDRESS_IN_USE";
  return accessDenied.includes(number) ? "ERR_ACCESS" : null;
}

/** The name of a system error number, as Node gives it: `EADDRINUSE`. */
export function nameOfSystemError(number: number): string {
  const known = Object.entries(constants.errno).find(([, value]) => value === number);
  return known ? known[0].replace(/^WSA/, "") : `error ${number}`;
}
