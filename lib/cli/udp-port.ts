import { createSocket } from "node:dgram";
import { systemClock } from "../clock.js";

/** How long the refusal of a system may take. */
const WAIT_MS = 1000;

/**
 * Whether the system of `host` says that no program has opened a UDP port. Silence means no: a firewall is silent too.
 */
export function isUdpPortClosed(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const timer = systemClock.setTimeout(() => end(false), WAIT_MS);
    const end = (isClosed: boolean) => {
      systemClock.clearTimeout(timer);
      socket.close();
      resolve(isClosed);
    };
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code === "ECONNREFUSED"));
    // The refusal of a datagram is an error of the socket that is connected to where it went.
    socket.connect(port, host, () => socket.send(new Uint8Array(1)));
  });
}
