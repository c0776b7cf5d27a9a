import { NetworkError } from "../../network-error.js";
import type { AudioGraph, WorkletNode } from "./platform.js";
import { platform } from "./platform.js";

/** 10 ms: how much sound passes between the page and the thread of the sound at once. */
export const PIECES_PER_SECOND = 100;

/** The file of the worklets beside this one, or beside the bundle that this is in. */
const fileBeside = (): string => new URL("./voice-worklet.js", import.meta.url).href;

/** Loads the worklets. @throws NetworkError `ERR_FAILED` */
export async function loadWorklet(context: AudioGraph, url = fileBeside()): Promise<void> {
  try {
    await context.audioWorklet.addModule(url);
  } catch (cause) {
    const text = `The file of the audio worklets cannot be loaded from ${url}: give the option workletUrl`;
    throw new NetworkError("ERR_FAILED", text, { cause });
  }
}

/** Makes a node of one of the worklets. */
export function createWorkletNode(
  context: AudioGraph,
  name: "recorder" | "player",
  options: { numberOfInputs: number; numberOfOutputs: number; outputChannelCount?: number[] },
): WorkletNode {
  const { sampleRate } = context;
  const processorOptions = { pieceSize: Math.round(sampleRate / PIECES_PER_SECOND), sampleRate };
  const mono = { channelCount: 1, channelCountMode: "explicit" };
  const Node = platform.AudioWorkletNode as NonNullable<typeof platform.AudioWorkletNode>;
  return new Node(context, `valve-sockets-voice-${name}`, { ...mono, ...options, processorOptions });
}
