/** System error numbers: Linux, macOS, Windows. */
const addressInUse = [98, 48, 10048];
const accessDenied = [13, 13, 10013];

/** The code of this library for the system's number of an error, or null for one that has none of its own. */
export function codeOfSystemError(number: number): "ERR_ADDRESS_IN_USE" | "ERR_ACCESS" | null {
  if (addressInUse.includes(number)) return "ERR_ADDRESS_IN_USE";
  return accessDenied.includes(number) ? "ERR_ACCESS" : null;
}
