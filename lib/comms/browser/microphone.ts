import type { NetworkErrorCode } from "../../error-codes.js";
import { NetworkError } from "../../network-error.js";
import type { AudioGraph, AudioNode, MediaDevices, MediaStream, WorkletNode } from "./platform.js";
import { createWorkletNode } from "./worklet.js";

/** Which microphone is used, and what the browser does to its sound. */
export interface MicrophoneOptions {
  /** Of `devices()`. @defaultValue the browser's choice */
  deviceId?: string;
  /** Takes what the loudspeaker plays out of it. @defaultValue the browser's choice, mostly true */
  echoCancellation?: boolean;
  /** Takes noise from behind the speaker out of the sound. @defaultValue the browser's choice, mostly true */
  noiseSuppression?: boolean;
  /** Makes soft speech louder and loud speech softer. @defaultValue the browser's choice, mostly true */
  autoGainControl?: boolean;
}

/** `lost`: it was unplugged, or may not be used any more. It is opened again when it comes back. */
export type MicrophoneState = "closed" | "open" | "lost";

/** What a microphone tells. */
export interface MicrophoneOwner {
  recorded(samples: Float32Array): void;
  changed(state: MicrophoneState, error: NetworkError | null): void;
}

/** What the DOM calls the errors of `getUserMedia`. */
const CODES: Readonly<Record<string, readonly [NetworkErrorCode, string]>> = {
  NotAllowedError: ["ERR_MICROPHONE_DENIED", "The user, or the page's policy, does not allow the microphone"],
  SecurityError: ["ERR_MICROPHONE_DENIED", "The page's policy does not allow the microphone"],
  NotFoundError: ["ERR_MICROPHONE_MISSING", "There is no microphone"],
  OverconstrainedError: ["ERR_MICROPHONE_MISSING", "There is no microphone of this deviceId"],
  NotReadableError: ["ERR_MICROPHONE_MISSING", "The microphone cannot be opened: another program may have it"],
  AbortError: ["ERR_MICROPHONE_MISSING", "The microphone cannot be opened"],
};

/** The microphone of a page. */
export class Microphone {
  readonly #devices: MediaDevices | undefined;
  readonly #context: AudioGraph;
  readonly #owner: MicrophoneOwner;
  #state: MicrophoneState = "closed";
  #options: MicrophoneOptions = {};
  #stream: MediaStream | null = null;
  #source: AudioNode | null = null;
  #recorder: WorkletNode | null = null;
  /** Counts what was asked for: of two that are opened, the later one is used. */
  #wish = 0;
  /** How many calls of `open` wait for the browser, or the user. */
  #asking = 0;

  constructor(devices: MediaDevices | undefined, context: AudioGraph, owner: MicrophoneOwner) {
    this.#devices = devices;
    this.#context = context;
    this.#owner = owner;
  }

  get state(): MicrophoneState {
    return this.#state;
  }

  /** @throws NetworkError `ERR_MICROPHONE_DENIED`, `ERR_MICROPHONE_MISSING`; `ERR_CLOSED`: another call came after */
  async open(options: MicrophoneOptions): Promise<void> {
    const wish = ++this.#wish;
    this.#asking++;
    const stream = await this.#ask(options).finally(() => this.#asking--);
    if (wish !== this.#wish) {
      stop(stream);
      throw new NetworkError("ERR_CLOSED", "The microphone was closed, or another one opened, in the meantime");
    }
    this.#release();
    this.#options = options;
    try {
      this.#use(stream);
    } catch (cause) {
      stop(stream);
      this.#enter("closed", null);
      throw new NetworkError("ERR_NOT_SUPPORTED", `This microphone's sound cannot be used: ${cause}`, { cause });
    }
    this.#enter("open", null);
  }

  close(): void {
    this.#wish++;
    this.#release();
    this.#enter("closed", null);
  }

  /** A device has come or gone: one that was lost may be back. */
  async devicesChanged(): Promise<void> {
    if (this.#state !== "lost" || this.#asking > 0) return;
    // It is not back if this fails.
    await this.open(this.#options).catch(() => {});
  }

  async #ask({ deviceId, ...processing }: MicrophoneOptions): Promise<MediaStream> {
    if (!this.#devices) {
      const text = "A page may use the microphone only if it is from https: or from localhost";
      throw new NetworkError("ERR_MICROPHONE_DENIED", text);
    }
    const device = deviceId === undefined ? {} : { deviceId: { exact: deviceId } };
    try {
      return await this.#devices.getUserMedia({ audio: { channelCount: 1, ...processing, ...device } });
    } catch (cause) {
      const { name } = cause as Error;
      const [code, text] = CODES[name] ?? ["ERR_FAILED", `The microphone cannot be opened: ${name}`];
      throw new NetworkError(code, text, { cause });
    }
  }

  #use(stream: MediaStream): void {
    this.#stream = stream;
    const recorder = createWorkletNode(this.#context, "recorder", { numberOfInputs: 1, numberOfOutputs: 0 });
    this.#recorder = recorder;
    recorder.port.onmessage = ({ data }) => this.#owner.recorded(data as Float32Array);
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#source.connect(recorder);
    for (const track of stream.getTracks()) track.addEventListener("ended", () => this.#ended(stream));
  }

  /** The stream has ended, and not because it was stopped here. */
  #ended(stream: MediaStream): void {
    if (stream !== this.#stream) return;
    this.#release();
    const text = "The microphone was unplugged, or may not be used any more";
    this.#enter("lost", new NetworkError("ERR_MICROPHONE_LOST", text));
  }

  #enter(state: MicrophoneState, error: NetworkError | null): void {
    if (state === "closed" && this.#state === "closed") return;
    this.#state = state;
    this.#owner.changed(state, error);
  }

  #release(): void {
    this.#source?.disconnect();
    if (this.#recorder) {
      this.#recorder.port.onmessage = null;
      this.#recorder.port.postMessage(null);
    }
    if (this.#stream) stop(this.#stream);
    this.#stream = this.#source = this.#recorder = null;
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
