import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import type { Delivery } from "../socket.js";
import { UdpDgramHandle, UdpDgramSocket } from "./udp-dgram-socket.js";
import type { UdpAddress } from "./udp-end-point.js";

/** A client's socket whose packets go to one port of all hosts of the local networks, and of this machine. */
export class UdpBroadcastSocket extends UdpDgramSocket {
  override send(handle: UdpDgramHandle, packet: Uint8Array, length: number, delivery: Delivery): boolean {
    const interfaces = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
    const ipv4 = interfaces.filter(({ family }) => family === "IPv4");
    // This machine first on its loopback address: `discover` knows by that what answers on its other addresses.
    ipv4.sort((a, b) => Number(b.internal) - Number(a.internal));
    const destinations = new Set(ipv4.map(broadcastAddress));
    return [...destinations].every((host) =>
      super.send(new UdpDgramHandle(host, handle.port), packet, length, delivery),
    );
  }

  protected override async openConnected(
    { address }: UdpAddress,
    port: number,
    attempt: AbortSignal,
  ): Promise<UdpDgramHandle> {
    await this.openBroadcast(attempt);
    return new UdpDgramHandle(address, port);
  }
}

/**
 * The address of all hosts in the network of an interface. 255.255.255.255 would leave by one interface only. On the
 * loopback interface, which has no broadcast everywhere, the machine itself.
 */
function broadcastAddress({ address, netmask, internal }: NetworkInterfaceInfo): string {
  if (internal) return address;
  const mask = netmask.split(".");
  return address
    .split(".")
    .map((byte, at) => Number(byte) | (~Number(mask[at]) & 255))
    .join(".");
}
