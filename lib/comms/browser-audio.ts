import { checkInstance, outOfRange } from "../arguments.js";
import { EventHub, type EventListener } from "../event-hub.js";
import { NetworkError } from "../network-error.js";
import {
  arrayOption,
  booleanOption,
  checkOptions,
  functionOption,
  type OptionRules,
  objectOption,
  oneOf,
  required,
  textOption,
} from "../options.js";
import { reportUncaught } from "../report-uncaught.js";
import { type AudioDevice, listDevices } from "./browser/devices.js";
import { Loudspeaker } from "./browser/loudspeaker.js";
import { Microphone, type MicrophoneOptions, type MicrophoneState } from "./browser/microphone.js";
import { type AudioGraph, platform } from "./browser/platform.js";
import { loadWorklet } from "./browser/worklet.js";
import type { ICommsPlayer } from "./client/comms-player.js";
import { Comms } from "./comms.js";
import { codecOption, type VoiceCodec } from "./sound/voice-codec.js";
import { type VoiceActivation, VoiceCapture } from "./voice-capture.js";
import { VoicePlayback } from "./voice-playback.js";

/** How a page speaks and hears. */
export interface BrowserAudioOptions {
  /** What this page speaks with: the codec whose `settings` the network was given as `codec`. */
  codec: VoiceCodec;
  /** What others may speak with, all with the sample rate of `codec`. @defaultValue `codec` */
  codecs?: readonly VoiceCodec[];
  /** When the microphone's sound is sent. @defaultValue "voice" */
  activation?: VoiceActivation;
  /** One of the page's own, with the sample rate of `codec`. It stays open. @defaultValue a new one */
  context?: AudioContext;
  /** Where the file `valve-sockets/comms/voice-worklet` is. @defaultValue beside the library, or beside the bundle */
  workletUrl?: string;
  /** Told when nothing can be heard any more, because a codec or the worklet failed. @defaultValue an uncaught error */
  onFault?: (error: unknown) => void;
}

/** The events of `BrowserAudio`: by name, the arguments of a listener. */
export interface BrowserAudioEvents {
  /** `error` says why the microphone was lost (`ERR_MICROPHONE_LOST`). */
  microphoneChanged: [state: MicrophoneState, error: NetworkError | null];
  /** A microphone or a loudspeaker has come or gone: `devices()` tells anew. */
  devicesChanged: [];
  /** Sound may be played and recorded from now on, or not any more. */
  runningChanged: [isRunning: boolean];
}

const ACTIVATION = oneOf("voice", "push", "always");

const rules: OptionRules<BrowserAudioOptions> = {
  codec: required(codecOption),
  codecs: arrayOption,
  activation: ACTIVATION,
  context: objectOption("createPanner"),
  workletUrl: textOption,
  onFault: functionOption,
};

const microphoneRules: OptionRules<MicrophoneOptions> = {
  deviceId: textOption,
  echoCancellation: booleanOption,
  noiseSuppression: booleanOption,
  autoGainControl: booleanOption,
};

const RUNNING = "running";

/** The microphone and the loudspeaker of a page: it sends what the user says, and plays what the comms hear. */
export class BrowserAudio {
  readonly #context: AudioGraph;
  readonly #ownsContext: boolean;
  readonly #capture: VoiceCapture;
  readonly #playback: VoicePlayback;
  readonly #microphone: Microphone;
  readonly #loudspeaker: Loudspeaker<ICommsPlayer>;
  readonly #events = new EventHub<BrowserAudioEvents>(
    ["microphoneChanged", "devicesChanged", "runningChanged"],
    reportUncaught,
  );
  readonly #stops: (() => void)[];
  #speakerId = "";
  #isClosed = false;

  /**
   * Begins to play. The microphone stays closed until `openMicrophone`.
   *
   * @throws TypeError, RangeError for wrong options; NetworkError `ERR_NOT_SUPPORTED` where there is no Web Audio,
   *   `ERR_FAILED` if the file of the worklets cannot be loaded
   */
  static async open(comms: Comms, options: BrowserAudioOptions): Promise<BrowserAudio> {
    checkInstance("comms", comms, Comms);
    checkOptions("BrowserAudio", options, rules);
    const { sampleRate } = options.codec.settings;
    const context = (options.context as AudioGraph | undefined) ?? createContext(sampleRate);
    if (context.sampleRate !== sampleRate) {
      throw outOfRange(`The context has ${context.sampleRate} samples a second, and the codec ${sampleRate}`);
    }
    try {
      await loadWorklet(context, options.workletUrl);
      return new BrowserAudio(comms, context, options);
    } catch (error) {
      if (!options.context) await context.close();
      throw error;
    }
  }

  private constructor(comms: Comms, context: AudioGraph, options: BrowserAudioOptions) {
    const { activation = "voice", codec, codecs = [codec], onFault = reportUncaught } = options;
    const devices = platform.navigator?.mediaDevices;
    this.#context = context;
    this.#ownsContext = options.context === undefined;
    this.#capture = new VoiceCapture(comms, codec, { activation });
    this.#playback = new VoicePlayback(comms, { codecs, onFault });
    this.#loudspeaker = new Loudspeaker<ICommsPlayer>(
      context,
      (mix, apart) => this.#playback.read(mix, apart),
      onFault,
    );
    this.#microphone = new Microphone(devices, context, {
      recorded: (samples) => this.#capture.write(samples),
      changed: (state, error) => this.#events.emit("microphoneChanged", state, error),
    });
    const onDevices = () => this.#devicesChanged().catch(reportUncaught);
    const onState = () => this.#events.emit("runningChanged", this.isRunning);
    devices?.addEventListener("devicechange", onDevices);
    context.addEventListener("statechange", onState);
    this.#stops = [
      () => devices?.removeEventListener("devicechange", onDevices),
      () => context.removeEventListener("statechange", onState),
      comms.on("playerLeft", (player) => this.#loudspeaker.remove(player)),
    ];
  }

  /** The context that sound is made in. Its `listener` says where the user is. */
  get context(): AudioContext {
    return this.#context as AudioContext;
  }

  /** Whether sound is played and recorded. A page has to wait for the user's first click or key: see `resume`. */
  get isRunning(): boolean {
    return this.#context.state === RUNNING;
  }

  /** Lets sound be played. Call it in a handler of a click or a key. Resolves when it runs. */
  resume(): Promise<void> {
    return this.#context.resume();
  }

  /** The microphones and loudspeakers of the machine. */
  devices(): Promise<AudioDevice[]> {
    return listDevices(platform.navigator?.mediaDevices);
  }

  /** `lost`: it was unplugged, or may not be used any more. It is opened again when it comes back. */
  get microphone(): MicrophoneState {
    return this.#microphone.state;
  }

  /**
   * Opens a microphone, in place of the one that is open. The browser asks the user.
   *
   * @throws TypeError, RangeError for wrong options; NetworkError `ERR_MICROPHONE_DENIED`, `ERR_MICROPHONE_MISSING`,
   *   `ERR_CLOSED` if it was closed, or another one opened, in the meantime
   */
  async openMicrophone(options: MicrophoneOptions = {}): Promise<void> {
    checkOptions("openMicrophone", options, microphoneRules);
    this.#checkOpen();
    await this.#microphone.open(options);
  }

  /** Closes the microphone, or gives up opening it. Does nothing while none is open. */
  closeMicrophone(): void {
    this.#microphone.close();
  }

  /**
   * Plays on another loudspeaker. If it is unplugged, sound goes to the browser's choice.
   *
   * @param deviceId of `devices()`; "": the browser's choice
   * @throws NetworkError `ERR_NOT_SUPPORTED`: not in this browser; `ERR_FAILED`: there is no such loudspeaker, or the
   *   user does not allow it
   */
  async selectSpeaker(deviceId: string): Promise<void> {
    this.#checkOpen();
    const { setSinkId } = this.#context;
    if (!setSinkId) throw new NetworkError("ERR_NOT_SUPPORTED", "This browser does not let pages choose loudspeakers");
    try {
      await setSinkId.call(this.#context, deviceId);
      this.#speakerId = deviceId;
    } catch (cause) {
      throw new NetworkError("ERR_FAILED", `The loudspeaker cannot be used: ${cause}`, { cause });
    }
  }

  /** When the microphone's sound is sent. */
  get activation(): VoiceActivation {
    return this.#capture.activation;
  }

  set activation(activation: VoiceActivation) {
    ACTIVATION("activation", activation);
    this.#capture.activation = activation;
  }

  /** With push-to-talk: whether the key is down. @defaultValue false */
  get isPushed(): boolean {
    return this.#capture.isPushed;
  }

  set isPushed(isPushed: boolean) {
    this.#capture.isPushed = isPushed;
  }

  /** Whether what the microphone records is sent to anybody at the moment. */
  get isTransmitting(): boolean {
    return this.microphone === "open" && this.#capture.isTransmitting;
  }

  /**
   * How loud a player is at the moment, for meters: the root mean square of its samples, 0 to 1, before its `volume`.
   * Of the local player it is that of the microphone.
   */
  levelOf(player: ICommsPlayer): number {
    if (player.isLocal) return this.microphone === "open" ? this.#capture.level : 0;
    return this.#playback.speaker(player)?.level ?? 0;
  }

  /**
   * The node that says from where a player is heard while it speaks on positional channels: set its `positionX`,
   * `positionY`, `positionZ` and the rest. A player without one is heard as if it were here.
   *
   * @throws NetworkError `ERR_CLOSED` after `close`
   */
  pannerOf(player: ICommsPlayer): PannerNode {
    this.#checkOpen();
    return this.#loudspeaker.pannerOf(player) as PannerNode;
  }

  /** What is played. Its `speaker(player)?.statistics` tell how well. */
  get playback(): VoicePlayback {
    return this.#playback;
  }

  /**
   * Adds a listener of an event.
   *
   * @returns a function that removes it
   * @throws TypeError for a name that is no event, or a listener that is no function
   */
  on<Name extends keyof BrowserAudioEvents>(name: Name, listener: EventListener<BrowserAudioEvents[Name]>): () => void {
    return this.#events.on(name, listener);
  }

  /** Closes the microphone and is silent. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    this.#microphone.close();
    this.#loudspeaker.close();
    this.#capture.close();
    this.#playback.close();
    if (this.#ownsContext) void this.#context.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new NetworkError("ERR_CLOSED", "The sound of this page is closed");
  }

  async #devicesChanged(): Promise<void> {
    await this.#microphone.devicesChanged();
    const devices = await this.devices();
    const isGone = !devices.some(({ id, kind }) => kind === "speaker" && id === this.#speakerId);
    if (this.#isClosed) return;
    if (this.#speakerId !== "" && isGone) await this.selectSpeaker("").catch(() => {});
    this.#events.emit("devicesChanged");
  }
}

function createContext(sampleRate: number): AudioGraph {
  const { AudioContext, AudioWorkletNode } = platform;
  if (!AudioContext || !AudioWorkletNode) {
    throw new NetworkError("ERR_NOT_SUPPORTED", "There is no Web Audio here: it is for pages from https: or localhost");
  }
  return new AudioContext({ sampleRate, latencyHint: "interactive" });
}
