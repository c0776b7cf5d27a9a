import type { ICommsPlayer } from "./client/comms-player.js";
import type { Comms } from "./comms.js";
import type { SessionMetrics } from "./server/server-owner.js";
import type { PlaybackStatistics } from "./sound/speaker-playback.js";
import { ConnectionStatus, NetworkMode } from "./values/modes.js";

/** What can be seen of a player. */
export interface PlayerSnapshot {
  /** As of `ICommsPlayer`. */
  readonly name: string;
  /** 0 to 65,535, given by the server. */
  readonly id: number;
  /** The rooms that it listens to. */
  readonly rooms: readonly string[];
  /** Whether what it says can be heard here at the moment. */
  readonly isSpeaking: boolean;
  /** How voice gets to it. */
  readonly way: "local" | "direct" | "by the server";
  /** Whether it says that its voice is sealed from end to end. */
  readonly isSealed: boolean;
  /** Voice packets of it that have come here, without copies. */
  readonly received: number;
  /** Voice packets of it that are missing. */
  readonly lost: number;
  /** Voice packets of it that came too late to be of use. */
  readonly late: number;
  /** What the playback has done of its voice; null where nothing of it was heard, or no playback was given. */
  readonly playback: PlaybackStatistics | null;
}

/** What can be seen of a network of comms: plain values, for a log, a page or `JSON.stringify`. */
export interface CommsSnapshot {
  /** What this program is in the session. */
  readonly mode: "None" | "Server & Client" | "Client" | "Server";
  /** The name of the `ConnectionStatus`. */
  readonly status: string;
  /** The name of this program's player. */
  readonly playerName: string;
  /** As `comms.rooms.names`. */
  readonly rooms: readonly string[];
  /** Whether this client says nothing. */
  readonly isMuted: boolean;
  /** The share of packets, 0.01 to 1, that listeners report as lost. */
  readonly expectedLoss: number;
  /** All players of the session, this one included. */
  readonly players: readonly PlayerSnapshot[];
  /** Null without a server. */
  readonly server: { readonly clients: readonly string[]; readonly metrics: Readonly<Record<string, number>> } | null;
}

/** What {@link CommsInspector} looks at: any network of comms. */
export interface InspectedNetwork {
  /** What this program is in the session. */
  readonly mode: NetworkMode;
  /** How far the session has come. */
  readonly status: ConnectionStatus;
  /** The comms of its user. */
  readonly comms: Comms;
  /** The server of the present mode, null without one. */
  readonly server: {
    /** Those who have joined. */
    readonly clients: readonly { readonly name: string }[];
    /** What its session has counted. */
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
  /** What plays the voice of this player; undefined while nothing of it was heard. */
  speaker(player: ICommsPlayer): { readonly statistics: PlaybackStatistics } | undefined;
}

/** Shows a network of comms (the seed's editor inspector). */
export const CommsInspector = {
  /**
   * What can be seen of a network at this moment.
   *
   * @param playback of the network's voices, where there is one
   */
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
