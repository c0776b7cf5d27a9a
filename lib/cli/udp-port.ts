import { createSocket } from "node:dgram";
import { systemClock } from "../clock.js";
import { isGnsAnswer, isUdpAnswer, writeGnsQuestion } from "../peer/handshake/gns-packets.js";
import { secureRandomBytes } from "../random.js";

/** How long the refusal of a system, or the answer of GNS, may take. */
const WAIT_MS = 1000;

/**
 * Who has a UDP port: `nobody`, as the system of `host` says; `gns`, which has answered a question; `stranger`, of whom
 * something else has come.
 */
type Owner = "nobody" | "gns" | "stranger";

/** Who has a UDP port. Null: silence, as of a firewall, or a server over UDP. */
export function examineUdpPort(host: string, port: number): Promise<Owner | null> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    let heard: Owner | null = null;
    const timer = systemClock.setTimeout(() => end(heard), WAIT_MS);
    const end = (found: Owner | null) => {
      systemClock.clearTimeout(timer);
      socket.close();
      resolve(found);
    };
    const nonce = secureRandomBytes(8);
    socket.on("message", (buffer) => {
      if (isGnsAnswer({ buffer, offset: 0, length: buffer.length }, nonce)) end("gns");
      else if (!isUdpAnswer(buffer)) heard = "stranger";
    });
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code === "ECONNREFUSED" ? "nobody" : null));
    // The refusal of a datagram is an error of the socket that is connected to where it went.
    socket.connect(port, host, (error?: Error) => {
      if (error) end(null);
      else socket.send(writeGnsQuestion(nonce));
    });
  });
}
