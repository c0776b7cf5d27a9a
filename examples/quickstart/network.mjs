import { Address, ConfigurationValue, Library, NetworkingSockets } from "valve-sockets";

/** Sockets on a network that loses `loss` percent of the packets sent and delays the others by `lag` milliseconds. */
export function openSockets({ loss, lag }) {
  if (!Library.initialize()) throw Library.lastError;
  const sockets = new NetworkingSockets();
  sockets.setConfigurationValue(ConfigurationValue.FakePacketLossSend, loss);
  sockets.setConfigurationValue(ConfigurationValue.FakePacketLagSend, lag);
  return sockets;
}

export function localAddress(port) {
  const address = new Address();
  address.setIPv4("127.0.0.1", port);
  return address;
}
