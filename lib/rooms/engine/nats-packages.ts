import { NetworkError } from "../../network-error.js";

type Packages = [
  transport: typeof import("@nats-io/transport-node"),
  jetstream: typeof import("@nats-io/jetstream"),
  kv: typeof import("@nats-io/kv"),
];

/** Loads the packages of NATS, which are optional: only programs that use `NatsEngine` need them. */
export async function loadNats(): Promise<Packages> {
  try {
    return await Promise.all([import("@nats-io/transport-node"), import("@nats-io/jetstream"), import("@nats-io/kv")]);
  } catch (cause) {
    const advice = "npm install @nats-io/transport-node @nats-io/jetstream @nats-io/kv";
    throw new NetworkError("ERR_MISSING_PACKAGE", `NatsEngine needs the packages of NATS: ${advice}`, { cause });
  }
}

/** In older servers several writers win one compare-and-set of a replicated bucket. */
const [OLDEST_MAJOR, OLDEST_MINOR] = [2, 14];

/** @throws NetworkError `ERR_ENGINE_VERSION` for a server that is too old, or says no version */
export function checkServerVersion(version: string | undefined): void {
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  if (major > OLDEST_MAJOR || (major === OLDEST_MAJOR && minor >= OLDEST_MINOR)) return;
  const oldest = `${OLDEST_MAJOR}.${OLDEST_MINOR}`;
  throw new NetworkError("ERR_ENGINE_VERSION", `The NATS server has version ${version}; ${oldest} or newer is needed`);
}
