import { readFile } from "node:fs/promises";
import { type Clock, systemClock } from "../clock.js";
import { clockOption, objectOption } from "../options.js";
import type { ConnectionGuard } from "./connection-guard.js";

/** TCP connections that the kernel has not given to a process, since it was started. */
export interface KernelCounters {
  /** The process was too slow to accept: the queue of a listening socket was full. */
  readonly listenOverflows: number;
  /** As many were dropped, for that and other reasons. */
  readonly listenDrops: number;
  /** Were answered by a cookie because too many handshakes were open: a SYN flood. */
  readonly syncookiesSent: number;
}

const PATH = "/proc/net/netstat";
const INTERVAL_MS = 1000;
/** So many a second are a flood. A few are lost where 600 honest clients come at once. */
const FLOOD_PER_SECOND = 100;

/** The counters of this network namespace, in the form of Linux; null where there are none. */
export function parseKernelCounters(netstat: string): KernelCounters | null {
  const [names, values] = netstat.split("\n").filter((line) => line.startsWith("TcpExt:"));
  const at = (name: string) => Number(values?.split(" ")[names?.split(" ").indexOf(name) ?? -1]);
  const counters = {
    listenOverflows: at("ListenOverflows"),
    listenDrops: at("ListenDrops"),
    syncookiesSent: at("SyncookiesSent"),
  };
  return Object.values(counters).every(Number.isSafeInteger) ? counters : null;
}

/** What the kernel has counted, null on other systems than Linux. */
export async function readKernelCounters(): Promise<KernelCounters | null> {
  try {
    return parseKernelCounters(await readFile(PATH, "utf8"));
  } catch {
    return null;
  }
}

/**
 * Tells a guard each second what the kernel has dropped, of all programs in this network namespace: over 100
 * connections a second are a flood (`guard.kernelDropped`). Does nothing on other systems than Linux.
 *
 * @param read replace it in tests only
 * @returns ends it; its timer keeps no process alive
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for what is no guard or no clock
 */
export function watchKernel(
  guard: ConnectionGuard,
  clock: Clock = systemClock,
  read: () => Promise<KernelCounters | null> = readKernelCounters,
): () => void {
  objectOption("kernelDropped")("guard", guard);
  clockOption("clock", clock);
  let timer: unknown;
  let isOver = false;
  let last: KernelCounters | null = null;
  const look = async () => {
    const now = await read();
    if (isOver || !(now ?? last)) return;
    if (now && last) {
      const lost = now.listenDrops - last.listenDrops + (now.syncookiesSent - last.syncookiesSent);
      if (lost > FLOOD_PER_SECOND) guard.kernelDropped(lost);
    }
    // One look may fail where descriptors are short, as they are in a flood.
    last = now ?? last;
    timer = clock.setTimeout(look, INTERVAL_MS);
    (timer as Partial<NodeJS.Timeout>).unref?.();
  };
  void look();
  return () => {
    isOver = true;
    clock.clearTimeout(timer);
  };
}
