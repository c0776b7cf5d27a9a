import type { MediaDevices } from "./platform.js";

/** A microphone or a loudspeaker of the machine. */
export interface AudioDevice {
  /** What it is. */
  readonly kind: "microphone" | "speaker";
  /** The `deviceId` of `openMicrophone` and `selectSpeaker`. */
  readonly id: string;
  /** Empty until the user has allowed the microphone. */
  readonly name: string;
}

/** All that the browser tells of. */
export async function listDevices(devices: MediaDevices | undefined): Promise<AudioDevice[]> {
  const all = (await devices?.enumerateDevices()) ?? [];
  return all.flatMap(({ deviceId, kind, label }): AudioDevice[] => {
    if (kind === "audioinput") return [{ kind: "microphone", id: deviceId, name: label }];
    return kind === "audiooutput" ? [{ kind: "speaker", id: deviceId, name: label }] : [];
  });
}
