import { execFile } from "node:child_process";
import { NetworkError } from "../network-error.js";
import { checkOptions, textOption } from "../options.js";
import { printable } from "../printable.js";
import { type AddressGroups, groupsOf, isIPv4, octetsOf } from "./address.js";
import type { AttackRoute } from "./attack-feed.js";
import type { TimedSource } from "./guard-lists.js";
import { checkTable, DEFAULT_TABLE } from "./nft-rules.js";

/** The options of `nftablesRoute`. */
export interface NftablesRouteOptions {
  /** The table that the administrator has loaded. @defaultValue "valve_sockets" */
  readonly table?: string;
}

/** The kernel forgets a source after this time at the latest: a ban for ever is renewed in the next flood. */
const MAX_SECONDS = 86_400;

/**
 * A route that keeps the sets of a table of nftables, which `valve-sockets guard nft --port N` prints and the
 * administrator loads. It adds and removes elements with a time, never rules. It starts `nft`, which needs the
 * capability CAP_NET_ADMIN.
 *
 * @throws (rejects) NetworkError `ERR_NOT_SUPPORTED` without `nft`, `ERR_ACCESS` without the right to it, `ERR_FAILED`
 *   for all else, such as a table that is not loaded; RangeError `ERR_OUT_OF_RANGE` for the name of the table;
 *   TypeError `ERR_INVALID_ARG_TYPE`, `ERR_UNKNOWN_OPTION` for options that are none
 */
export async function nftablesRoute(options: NftablesRouteOptions = {}): Promise<AttackRoute> {
  checkOptions("nftablesRoute", options, { table: textOption });
  const { table = DEFAULT_TABLE } = options;
  checkTable(table);
  await nft(`list counter inet ${table} dropped_newcomers`);
  return async ({ known, banned }) => {
    // Each set by itself: one that is full, as strangers with many networks can make it, holds up no other.
    const failures: unknown[] = [];
    for (const script of [...changes(`${table} banned`, banned), ...changes(`${table} known`, known)]) {
      await nft(script).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  };
}

/** A script for each set. An element that is there already has to go first, or its time stays what it was. */
function changes(set: string, sources: readonly TimedSource[]): string[] {
  const scripts: string[] = [];
  for (const family of [4, 6] as const) {
    const own = sources.flatMap(([name, leftMs]) => {
      const groups = groupsOf(name.replace(/\/64$/, ""));
      return groups && isIPv4(groups) === (family === 4)
        ? [{ address: addressOf(groups), seconds: secondsOf(leftMs) }]
        : [];
    });
    if (own.length === 0) continue;
    const change = (verb: string, elements: string[]) =>
      `${verb} element inet ${set}${family} { ${elements.join(", ")} }`;
    const all = own.map(({ address }) => address);
    const lines = [change("add", all), change("delete", all)];
    const kept = own
      .filter(({ seconds }) => seconds > 0)
      .map(({ address, seconds }) => `${address} timeout ${seconds}s`);
    if (kept.length > 0) lines.push(change("add", kept));
    scripts.push(lines.join("\n"));
  }
  return scripts;
}

const secondsOf = (leftMs: number | null): number => Math.min(MAX_SECONDS, Math.ceil((leftMs ?? Infinity) / 1000));

/** As `nft` reads it. */
const addressOf = (groups: AddressGroups): string =>
  isIPv4(groups) ? octetsOf(groups).join(".") : groups.map((group) => group.toString(16)).join(":");

function nft(script: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile("nft", ["-f", "-"], { timeout: 10_000 }, (error, _stdout, stderr) => {
      if (error) reject(nftError(error as NodeJS.ErrnoException, stderr));
      else resolve();
    });
    child.stdin?.on("error", () => {}); // It may end before it has read everything.
    child.stdin?.end(`${script}\n`);
  });
}

function nftError(cause: NodeJS.ErrnoException, stderr: string): NetworkError {
  const [first = ""] = stderr.split("\n");
  if (cause.code === "ENOENT") return new NetworkError("ERR_NOT_SUPPORTED", "There is no program nft here", { cause });
  if (/not permitted|must be root/i.test(stderr)) {
    return new NetworkError("ERR_ACCESS", "nft may not change anything: it needs CAP_NET_ADMIN", { cause });
  }
  const advice = "Is the table loaded? `valve-sockets guard nft --port N` prints it";
  return new NetworkError("ERR_FAILED", `nft says: ${printable(first || cause.message)}. ${advice}`, { cause });
}
