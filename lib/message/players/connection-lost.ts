import { NetworkError } from "../../network-error.js";
import { printable } from "../../printable.js";
import type { DisconnectReason } from "../../socket/index.js";

/** How a connection has ended. */
export interface Ending {
  /** Who was on the other side, as in `the server 192.0.2.1:7777 (UDP)`. */
  readonly place: string;
  readonly reason: DisconnectReason;
}

/** The error of what waited for the other side. @param what as in `No answer to buy will come` */
export function connectionLost(what: string, { place, reason }: Ending): NetworkError {
  const why = printable(reason.text) || `code ${reason.code}`;
  return new NetworkError("ERR_CONNECTION_LOST", `${what}: the connection to ${place} has ended (${why})`, { reason });
}
