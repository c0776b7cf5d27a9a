/// <reference path="../globals.ts" preserve="true" />
/** Voice comms over any transport. See docs/comms.md. */
export type { Clock } from "../clock.js";
export type { EventListener } from "../event-hub.js";
export type { INetworkPlayer, NetworkClient, NetworkServer } from "../message/index.js";
export type { ByteSegment, IConnection, PeerConfig } from "../peer/index.js";
export type { RandomBytes } from "../random.js";
export type { DisconnectReason, SocketFactory } from "../socket/index.js";
export { BaseClient } from "./base-client.js";
export { BaseCommsNetwork } from "./base-comms-network.js";
export { BaseServer } from "./base-server.js";
export type { CommsEvents, CommsText, HeardVoice } from "./client/comms-core.js";
export type { ClientInfo, ICommsPlayer, VoiceStatistics } from "./client/comms-player.js";
export type { Comms } from "./comms.js";
export {
  CommsInspector,
  type CommsSnapshot,
  type InspectedNetwork,
  type PlayerSnapshot,
  type VoicePlayer,
} from "./comms-inspector.js";
export {
  type MessageCommsClient,
  MessageCommsNetwork,
  type MessageCommsNetworkOptions,
  type MessageCommsServer,
} from "./message-comms-network.js";
export type { CommsNetworkEvents, CommsNetworkOptions } from "./network-core.js";
export type { SendOutcome } from "./network-link.js";
export {
  type PeerCommsClient,
  type PeerCommsClientParam,
  PeerCommsNetwork,
  type PeerCommsNetworkOptions,
  type PeerCommsServer,
  type VoicePeer,
} from "./peer-comms-network.js";
export { type ProximityOptions, ProximityTrigger } from "./proximity-trigger.js";
export { roomSecretSeal } from "./room-secret-seal.js";
export type { IServerClient } from "./server/server-client.js";
export type { JoinRequest, ServerEvents, SessionMetrics, SessionRules } from "./server/server-owner.js";
export type { PlaybackStatistics } from "./sound/speaker-playback.js";
export type { AccessTokens } from "./values/access-tokens.js";
export { type ChannelOptions, ChannelPriority } from "./values/channel-options.js";
export type { CodecSettings } from "./values/codec-settings.js";
export { ConnectionStatus, isClientEnabled, isServerEnabled, NetworkMode, Unit } from "./values/modes.js";
export type { PeerKey } from "./values/peer-key.js";
export type { OpenChannel } from "./voice/open-channel.js";
export type { Hearing } from "./voice/speech.js";
export {
  type TriggerOptions,
  type VoiceBroadcastOptions,
  VoiceBroadcastTrigger,
  type VoiceReceiptOptions,
  VoiceReceiptTrigger,
  VoiceTrigger,
} from "./voice-trigger.js";
export type { FramePlace, IVoicePacket, VoiceTarget } from "./wire/voice-packet.js";
export type { VoiceSeal, VoiceToSeal } from "./wire/voice-seal.js";
