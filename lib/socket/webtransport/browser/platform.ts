/** What is used of the platform's `WebTransport`; what not every browser has may be missing. */
export interface WebTransportLike {
  readonly ready: Promise<unknown>;
  /** Rejects when the session was lost. */
  readonly closed: Promise<{ closeCode?: number; reason?: string }>;
  readonly datagrams: WebTransportDatagrams;
  readonly incomingUnidirectionalStreams: ReadableStream<ReadableStream<Uint8Array>>;
  createUnidirectionalStream(options?: { sendOrder?: number }): Promise<WritableStream<Uint8Array>>;
  close(info?: { closeCode?: number; reason?: string }): void;
}

export interface WebTransportDatagrams {
  readonly readable: ReadableStream<Uint8Array>;
  /** Browsers that follow the newest draft. */
  createWritable?(): WritableStream<Uint8Array>;
  /** All others. */
  readonly writable?: WritableStream<Uint8Array>;
  incomingHighWaterMark?: number;
  outgoingHighWaterMark?: number;
  outgoingMaxAge?: number | null;
}

/** What the platform's constructor takes. */
export interface WebTransportInit {
  congestionControl?: "low-latency";
  requireUnreliable?: boolean;
  serverCertificateHashes?: { algorithm: "sha-256"; value: Uint8Array }[];
}

/** Begins a session. @throws NetworkError `ERR_NOT_SUPPORTED` where the platform has none */
export type OpenWebTransport = (url: string, init: WebTransportInit) => WebTransportLike;
