import type { Clock } from "../clock.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import type { PeerConfig } from "../peer/index.js";
import { PeerCore } from "../peer/peer-core.js";
import { describeServer } from "../peer/peer-error.js";
import type { RandomBytes } from "../random.js";
import type { DisconnectReason } from "../socket/index.js";
import { ClientAuthentication } from "./authentication/client-authentication.js";
import { type ClientSession, sessionCredential } from "./authentication/session-proof.js";
import { MessageDispatcher } from "./message-dispatcher.js";
import { MessageWaiters } from "./message-waiters.js";
import { NetworkPlayer, type PlayerOwner } from "./players/network-player.js";
import type { ProtocolCore } from "./protocol/protocol.js";
import { ChallengeMessage, TableMessage, WelcomeMessage } from "./protocol/system-messages.js";
import type { Target } from "./target.js";

/** Who says goodbye, and where. */
export interface FarewellParts {
  readonly target: Target;
  readonly session: ClientSession;
  readonly reason: DisconnectReason;
  readonly owner: PlayerOwner & { readonly randomBytes: RandomBytes };
  readonly config: Partial<PeerConfig>;
  readonly timeoutMs: number;
}

/**
 * Resumes a session whose connection was lost, only to tell the server that the player has left. Tries once.
 *
 * @returns resolves when the server knows, when it cannot be told, or after `timeoutMs`; never rejects
 */
export async function sayGoodbye(parts: FarewellParts): Promise<void> {
  const { clock } = parts.owner;
  let timer: unknown;
  const timeout = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, parts.timeoutMs);
  });
  const { peer, told } = resumeToLeave(parts);
  await Promise.race([told.catch(() => {}).then(() => peer.close()), timeout]);
  clock.clearTimeout(timer);
  void peer.close();
}

function resumeToLeave({ target, session, reason, owner, config }: FarewellParts) {
  const { factory, endPoint } = target;
  const { protocol, randomBytes, clock } = owner;
  const dispatcher = silentDispatcher(protocol, clock);
  let connection: LibraryConnection;
  let player: NetworkPlayer;
  let authentication: ClientAuthentication;
  const server = describeServer(factory, endPoint);
  const peer = new PeerCore(
    factory.createClientSocket(),
    factory.maxPacketSize,
    {
      onConnected: (connected) => {
        connection = connected;
        player = new NetworkPlayer(owner, connection, false);
        const credential = sessionCredential(session);
        const options = { credential, resumes: true, randomBytes, isHost: false, server };
        authentication = new ClientAuthentication(player, options);
        if (connection.fingerprintMatches) authentication.greet();
        else player.send(TableMessage, protocol.encodeTable());
      },
      onMessage: (_connection, bytes, channel) => dispatcher.receive(player, bytes, channel),
    },
    config,
  );
  const told = new Promise<void>((resolve, reject) => {
    /** A step of the handshake: what fails ends it. */
    const step =
      <T>(take: (value: T) => unknown) =>
      (value: T) =>
        void Promise.resolve()
          .then(() => take(value))
          .catch(reject);
    dispatcher.registerSystem(
      TableMessage,
      step((table: Uint8Array) => {
        authentication.onTable();
        const agreement = protocol.compare(table, "theirs");
        if (typeof agreement === "string") throw new Error(agreement);
        player.numbers.agree(agreement);
        authentication.greet();
      }),
    );
    dispatcher.registerSystem(
      ChallengeMessage,
      step(({ nonce }: { nonce: Uint8Array }) => authentication.onChallenge(nonce, () => true)),
    );
    dispatcher.registerSystem(
      WelcomeMessage,
      step(async (welcome: Parameters<ClientAuthentication["onWelcome"]>[0]) => {
        await authentication.onWelcome(welcome);
        await connection.close(reason);
        resolve();
      }),
    );
    peer
      .connect(endPoint)
      .then(({ closed }) => closed)
      .then(() => resolve(), reject);
  });
  return { peer, told };
}

/** Reads messages, and says nothing about those that nobody waits for. */
function silentDispatcher(protocol: ProtocolCore, clock: Clock): MessageDispatcher {
  const nobody = { protocol, charge() {}, unhandled() {}, report() {}, unauthenticated() {}, outOfEra() {} };
  return new MessageDispatcher(nobody, new MessageWaiters(clock));
}
