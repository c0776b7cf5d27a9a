import { errorText } from "../error-text.js";
import type { DrainOptions, RoomHost } from "./room-host.js";

/** How {@link drainOnSignal} ends a process. */
export interface DrainOnSignalOptions extends DrainOptions {
  /** Runs when the host is empty, before the process ends. @defaultValue none */
  onDrained?(): void | Promise<void>;
}

/**
 * Has a SIGTERM empty a host and end the process: with the exit code 0 when nobody had to be disconnected, else 1. A
 * second signal ends it at once.
 *
 * @returns the signal is not listened to any more
 */
export function drainOnSignal(host: RoomHost, options: DrainOnSignalOptions = {}): () => void {
  const { onDrained, ...drain } = options;
  const end = async () => {
    let left = 1;
    try {
      left = await host.drain(drain);
      await onDrained?.();
    } catch (error) {
      process.stderr.write(`valve-sockets: the host could not be drained: ${errorText(error)}\n`);
    }
    process.exit(left === 0 ? 0 : 1);
  };
  const onSignal = () => void end();
  process.once("SIGTERM", onSignal);
  return () => process.off("SIGTERM", onSignal);
}
