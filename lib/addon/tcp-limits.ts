import { readFileSync } from "node:fs";
import type { Server } from "node:net";

/** Connections that wait in the kernel until the process has time for them. The kernel's own limit may be lower. */
export const BACKLOG = 4096;

/** File descriptors that are left for all else that the process does: none for its log, and it would end. */
const SPARE_DESCRIPTORS = 64;
/** The share of the descriptors that connections may have which have proved nothing yet. */
const NEWCOMERS_SHARE = 1 / 4;

/** How many files and sockets a process may have open, by the text of `/proc/self/limits`. */
export const parseFileDescriptors = (limits: string): number =>
  Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);

/** `Infinity` where it is not known: only Linux tells. */
function fileDescriptors(): number {
  try {
    return parseFileDescriptors(readFileSync("/proc/self/limits", "latin1"));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** How many newcomers a server may have, of whom it would have `count` if there were descriptors enough. */
export const newcomersLimit = (count: number): number =>
  Math.min(count, Math.ceil(fileDescriptors() * NEWCOMERS_SHARE));

/** Closes connections at once that would take the last descriptors of the process. */
export function leaveDescriptors(server: Server): void {
  const descriptors = fileDescriptors();
  if (Number.isFinite(descriptors)) server.maxConnections = Math.max(1, descriptors - SPARE_DESCRIPTORS);
}
