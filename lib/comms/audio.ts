/// <reference path="../globals.ts" preserve="true" />
/** The sound of voice comms: codecs, a buffer against uneven arrival, capture and playback. See docs/comms.md. */
export type { Clock } from "../clock.js";
export type { NetworkErrorCode } from "../error-codes.js";
export type { EventListener } from "../event-hub.js";
export { NetworkError, type NetworkErrorDetails } from "../network-error.js";
export type { AudioDevice } from "./browser/devices.js";
export type { MicrophoneOptions, MicrophoneState } from "./browser/microphone.js";
export { BrowserAudio, type BrowserAudioEvents, type BrowserAudioOptions } from "./browser-audio.js";
export type { ICommsPlayer } from "./client/comms-player.js";
export type { Comms } from "./comms.js";
export { G711_A_LAW, G711_MU_LAW, g711Codec } from "./sound/g711-codec.js";
export { OPUS, type OpusOptions, opusCodec } from "./sound/opus-codec.js";
export { PCM16, pcm16Codec } from "./sound/pcm16-codec.js";
export type { PlaybackStatistics, SpeakerPlayback } from "./sound/speaker-playback.js";
export type { VoiceCodec, VoiceDecoder, VoiceEncoder } from "./sound/voice-codec.js";
export { VoiceDetector } from "./sound/voice-detector.js";
export type { CodecSettings } from "./values/codec-settings.js";
export { type VoiceActivation, VoiceCapture, type VoiceCaptureOptions } from "./voice-capture.js";
export { VoicePlayback, type VoicePlaybackOptions } from "./voice-playback.js";
export type { FramePlace, IVoicePacket } from "./wire/voice-packet.js";
