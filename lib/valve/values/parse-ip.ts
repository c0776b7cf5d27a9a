import { checkBytes, rangeError } from "../../arguments.js";

/**
 * The text of a 16-byte address as `Address.ip` holds it (`ParseIP` of the ValveSockets README): the shortest IPv6
 * form, and dotted digits for an IPv4 address (`::ffff:a.b.c.d`).
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` unless `ip` is 16 bytes
 */
export function parseIP(ip: Uint8Array): string {
  checkBytes("ip", ip);
  if (ip.length !== 16) throw rangeError("ip", "16 bytes long");
  if (isMappedIPv4(ip)) return ip.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((ip[index * 2] ?? 0) << 8) | (ip[index * 2 + 1] ?? 0));
  const zeros = longestZeroRun(groups);
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (zeros.length < 2) return text(groups);
  return `${text(groups.slice(0, zeros.start))}::${text(groups.slice(zeros.start + zeros.length))}`;
}

/** Whether the 16 bytes are `::ffff:a.b.c.d`. */
export function isMappedIPv4(ip: Uint8Array): boolean {
  return ip[10] === 0xff && ip[11] === 0xff && ip.subarray(0, 10).every((byte) => byte === 0);
}

function longestZeroRun(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
