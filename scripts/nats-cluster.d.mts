/** A NATS server of a test, in a process of its own. */
export interface NatsNode {
  /** `127.0.0.1:4222` */
  readonly address: string;
  readonly pid: number | undefined;
  /** Sends a signal to the server: SIGSTOP freezes it, SIGCONT wakes it. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it without a chance to write anything, and waits for its end. */
  kill(): Promise<void>;
  /** Starts it again, on its port and with what it had on disk, and waits until it is ready. */
  restart(): Promise<void>;
}

/** NATS servers on loopback that know each other. */
export interface NatsCluster {
  readonly nodes: readonly NatsNode[];
  /** The address of each. */
  readonly servers: string[];
  /** Ends them, and removes what they had on disk. */
  close(): Promise<void>;
}

/**
 * Starts NATS servers on loopback, with ports of their own, and waits until they are ready.
 *
 * @param count how many: 1 or 3
 * @param options.program another nats-server than that of the project
 * @param options.jetstream more lines of the configuration: `, sync_interval: always`
 * @param options.more more lines of the configuration, beside that of JetStream
 */
export declare function startNats(
  count: 1 | 3,
  options?: { program?: string; jetstream?: string; more?: string },
): Promise<NatsCluster>;
