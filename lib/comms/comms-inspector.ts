import type { ICommsPlayer } from "./client/comms-player.js";
import type { Comms } from "./comms.js";
import type { SessionMetrics } from "./server/server-owner.js";
import type { PlaybackStatistics } from "./sound/speaker-playback.js";
import { ConnectionStatus, NetworkMode } from "./values/modes.js";

/** What can be seen of a player. */
export interface PlayerSnapshot {
  readonly name: string;
  readonly id: number;
  readonly rooms: readonly string[];
  readonly isSpeaking: boolean;
  /** How voice gets to it. */
  readonly way: "local" | "direct" | "by the server";
  readonly isSealed: boolean;
  readonly received: number;
  readonly lost: number;
  readonly late: number;
  /** What the playback has done of its voice; null where nothing of it was heard, or no playback was given. */
  readonly playback: PlaybackStatistics | null;
}

/** What can be seen of a network of comms: plain values, for a log, a page or `JSON.stringify`. */
export interface CommsSnapshot {
  readonly mode: "None" | "Server & Client" | "Client" | "Server";
  readonly status: string;
  readonly playerName: string;
  readonly rooms: readonly string[];
  readonly isMuted: boolean;
  readonly expectedLoss: number;
  readonly players: readonly PlayerSnapshot[];
  /** Null without a server. */
  readonly server: { readonly clients: readonly string[]; readonly metrics: Readonly<Record<string, number>> } | null;
}

/** What {@link CommsInspector} looks at: any network of comms. */
export interface InspectedNetwork {
  readonly mode: NetworkMode;
  readonly status: ConnectionStatus;
  readonly comms: Comms;
  readonly server: {
    readonly clients: readonly { readonly name: string }[];
    readonly metrics: Readonly<SessionMetrics>;
  } | null;
}

const MODES = {
  [NetworkMode.None]: "None",
  [NetworkMode.Host]: "Server & Client",
  [NetworkMode.Client]: "Client",
  [NetworkMode.DedicatedServer]: "Server",
} as const;

/** What plays the voices of a network: the `VoicePlayback` of `valve-sockets/comms/audio`. */
export interface VoicePlayer {
  speaker(player: ICommsPlayer): { readonly statistics: PlaybackStatistics } | undefined;
}

/** Shows a network of comms (the seed's editor inspector). */
export const CommsInspector = {
  /** @param playback of the network's voices, where there is one */
  snapshot({ comms, mode, server, status }: InspectedNetwork, playback?: VoicePlayer | null): CommsSnapshot {
    return {
      mode: MODES[mode],
      status: ConnectionStatus[status],
      playerName: comms.localPlayerName,
      rooms: comms.rooms.names,
      isMuted: comms.isMuted,
      expectedLoss: comms.expectedLoss,
      players: comms.players.map((player) => {
        const { id, isDirect, isLocal, isSealed, isSpeaking, name, rooms, statistics } = player;
        const { late, lost, received } = statistics;
        const way = isLocal ? "local" : isDirect ? "direct" : "by the server";
        const heard = playback?.speaker(player)?.statistics ?? null;
        return { name, id, rooms: [...rooms], isSpeaking, way, isSealed, received, lost, late, playback: heard };
      }),
      server: server && { clients: server.clients.map(({ name }) => name), metrics: { ...server.metrics } },
    };
  },
};
