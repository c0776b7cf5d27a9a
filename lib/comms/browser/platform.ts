// What the library uses of the Web Audio API and of Media Capture and Streams. Their types are the DOM's, which this
// package does not need.

interface EventSource {
  addEventListener(name: string, listener: () => void): void;
  removeEventListener(name: string, listener: () => void): void;
}

export interface AudioNode {
  connect(target: AudioNode, output?: number): unknown;
  disconnect(output?: number): void;
}

/** An AudioWorkletNode: a node whose other half runs where the sound is made. */
export interface WorkletNode extends AudioNode {
  readonly port: {
    postMessage(message: unknown, transfer?: readonly ArrayBufferLike[]): void;
    onmessage: ((event: { readonly data: unknown }) => void) | null;
  };
  onprocessorerror: (() => void) | null;
}

export interface AudioGraph extends EventSource {
  readonly state: string;
  readonly sampleRate: number;
  readonly destination: AudioNode;
  readonly audioWorklet: { addModule(url: string): Promise<void> };
  createMediaStreamSource(stream: MediaStream): AudioNode;
  createPanner(): AudioNode;
  resume(): Promise<void>;
  close(): Promise<void>;
  /** Not in every browser. */
  setSinkId?(deviceId: string): Promise<void>;
}

export interface MediaTrack extends EventSource {
  stop(): void;
}

export interface MediaStream {
  getTracks(): readonly MediaTrack[];
}

export interface MediaDevices extends EventSource {
  enumerateDevices(): Promise<readonly { readonly kind: string; readonly deviceId: string; readonly label: string }[]>;
  getUserMedia(constraints: object): Promise<MediaStream>;
}

interface Platform {
  AudioContext?: new (options: { sampleRate: number; latencyHint: "interactive" }) => AudioGraph;
  AudioWorkletNode?: new (context: AudioGraph, name: string, options: object) => WorkletNode;
  navigator?: { readonly mediaDevices?: MediaDevices };
}

/** The globals of a browser; each may be missing. */
export const platform = globalThis as unknown as Platform;
