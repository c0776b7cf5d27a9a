import { SendFlags } from "valve-sockets";
import { RoundTrips } from "./round-trips.mjs";

/** Round trips of one message; see gns-peer's ping. */
export function runPing(driver, options) {
  const payload = new Uint8Array(options.size ?? 64).fill(120);
  const connection = driver.connect(options.port);
  const roundTrips = new RoundTrips(
    options,
    () => driver.send(connection, payload, SendFlags.NoNagle),
    () => driver.close(connection),
  );
  driver.onConnected = () => roundTrips.start();
  driver.onMessage = () => roundTrips.answered();
}
