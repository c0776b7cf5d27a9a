import { checkInstance } from "../arguments.js";
import { errorText } from "../error-text.js";
import { NetworkError } from "../network-error.js";
import { checkOptions, functionOption } from "../options.js";
import { endWithParent } from "./end-with-parent.js";
import { DRAIN_OPTIONS, type DrainOptions, RoomHost } from "./room-host.js";

/** How {@link drainOnSignal} ends a process. */
export interface DrainOnSignalOptions extends DrainOptions {
  /** Runs when the host is empty, before the process ends. @defaultValue none */
  onDrained?(): void | Promise<void>;
}

/**
 * Has a SIGTERM empty a host and end the process: with the exit code 0 when nobody had to be disconnected, else 1. So
 * does the order of an operator (`valve-sockets rooms drain`), and the end of the `Supervisor` that has started this
 * process. A host that has not started, or has stopped, is empty. A second signal ends it at once. A drain that is
 * taken back (`undrain`) ends nothing.
 *
 * @returns the signal is not listened to any more
 * @throws TypeError, RangeError for what is no host, or wrong options
 */
export function drainOnSignal(host: RoomHost, options: DrainOnSignalOptions = {}): () => void {
  checkInstance("host", host, RoomHost);
  checkOptions("drainOnSignal", options, { ...DRAIN_OPTIONS, onDrained: functionOption });
  const { onDrained, ...drain } = options;
  let isListening = true;
  const end = async () => {
    let left: number | null = 1;
    let what = "the host could not be drained";
    try {
      left = await host.drain(drain).catch((error) => stopped(host, error));
      if (left === null) {
        listen();
        return;
      }
      what = "the host is drained, and onDrained has failed";
      await onDrained?.();
    } catch (error) {
      process.stderr.write(`valve-sockets: ${what}: ${errorText(error)}\n`);
    }
    process.exit(left === 0 ? 0 : 1);
  };
  const onSignal = () => void end();
  const listen = () => {
    process.off("SIGTERM", onSignal);
    if (isListening) process.once("SIGTERM", onSignal);
  };
  listen();
  RoomHost.onOrder(host, onSignal);
  const outliveParent = endWithParent();
  return () => {
    isListening = false;
    process.off("SIGTERM", onSignal);
    RoomHost.onOrder(host, null);
    outliveParent();
  };
}

/** Of a host that is not active, and has nobody: waits until it has stopped. */
async function stopped(host: RoomHost, error: unknown): Promise<number> {
  if (!(error instanceof NetworkError) || error.code !== "ERR_STATE") throw error;
  await host.stop();
  return 0;
}
