import type { StreamInfo } from "@nats-io/jetstream";
import { consoleLogger } from "../../message/logger.js";
import { printable } from "../../printable.js";
import { isStreamMissing } from "./nats-errors.js";
import type { NatsLink } from "./nats-link.js";

/** What the servers say of a stream; null: it does not exist. @throws (rejects) what NATS throws */
export async function streamInfo({ manager }: NatsLink, stream: string): Promise<StreamInfo | null> {
  try {
    return await manager.streams.info(stream);
  } catch (error) {
    if (isStreamMissing(error)) return null;
    throw error;
  }
}

/**
 * Has a stream kept on as many servers as this engine would make it: somebody who named one server only may have made
 * it. Where that cannot be done it stays as it is, and an operator hears of it.
 */
export async function raiseReplicas(link: NatsLink, stream: string): Promise<void> {
  const { manager, replicas } = link;
  let present = 0;
  try {
    const info = await link.open(() => streamInfo(link, stream));
    present = info?.config.num_replicas ?? replicas;
    if (present >= replicas) return;
    await link.call(0, () => manager.streams.update(stream, { num_replicas: replicas }));
  } catch (error) {
    if (!link.isConnected || link.isClosed) return;
    const what = `${stream} is kept on ${present || "fewer"} of NATS's servers, and not on ${replicas}`;
    consoleLogger.warn(printable(`${what}: it may be lost with one of them (${(error as Error).message})`));
  }
}
