/** Whose callback runs: in a host, behaviours belong to the worlds of both. */
let side: "server" | "client" = "server";

/** Runs a callback of a server's or a client's world: listeners that it adds are of that world. */
export function runAs<T>(of: "server" | "client", callback: () => T): T {
  const before = side;
  if (before === of) return callback();
  side = of;
  try {
    return callback();
  } finally {
    side = before;
  }
}

/** Whether a callback of a client's world runs. */
export const isClientCallback = (): boolean => side === "client";
