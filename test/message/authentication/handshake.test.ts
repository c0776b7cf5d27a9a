import { describe, expect, test } from "vitest";
import { prove } from "../../../lib/message/authentication/proof.js";
import {
  type Credential,
  defineCredential,
  defineMessage,
  defineProtocol,
  PlayerState,
  sharedSecretAuthenticator,
  sharedSecretCredential,
} from "../../../lib/message/index.js";
import type { ProtocolCore } from "../../../lib/message/protocol/protocol.js";
import {
  ChallengeMessage,
  HelloMessage,
  ProofMessage,
  TableMessage,
  WelcomeMessage,
} from "../../../lib/message/protocol/system-messages.js";
import { u8 } from "../../../lib/serialization/index.js";
import { DisconnectCode } from "../../../lib/socket/index.js";
import { CuttableFactory, MessageWorld, turn } from "../../support/message-world.js";
import { connectRaw, listenRaw, NO_TICKET } from "../../support/raw-ends.js";

const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "handshake", version: 1, messages: [Note] });
const SECRET = new TextEncoder().encode("a secret of more than sixteen bytes");
const SESSION = { id: new Uint8Array(16).fill(1), secret: new Uint8Array(32).fill(2), resumeWindowMs: 30_000 };
const nonce = new Uint8Array(32).fill(7);

type Step = "table" | "challenge" | "welcome";
const steps: Step[] = ["table", "challenge", "welcome"];
/** Every order of one to three of the messages that a server sends. */
const orders = [1, 2, 3].flatMap((length) =>
  Array.from({ length: 3 ** length }, (_, code) =>
    Array.from({ length }, (_, at) => steps[Math.floor(code / 3 ** at) % 3] as Step),
  ),
);
const methods = ["none", "shared-secret", "network/session", "name"];

type Server = Awaited<ReturnType<typeof listenRaw>>;

interface Given {
  /** What the client uses; null: it has none. */
  credential: Credential | null;
  /** The key that a server has to prove, null: it has nothing to prove. */
  confirms: { method: string; key: Uint8Array } | null;
  resumes: boolean;
}
const credentials: Record<string, Given> = {
  "a shared secret": {
    credential: sharedSecretCredential(SECRET),
    confirms: { method: "shared-secret", key: SECRET },
    resumes: false,
  },
  "a credential that confirms nothing": {
    credential: defineCredential("name", u8, 1),
    confirms: null,
    resumes: false,
  },
  "no credential": { credential: null, confirms: null, resumes: false },
  "a session": {
    credential: null,
    confirms: { method: "network/session", key: SESSION.secret },
    resumes: true,
  },
};

/** A client that has said hello to a server which plays by hand; with `resumes` it has been there before. */
async function met({ credential, resumes }: Given) {
  const world = new MessageWorld({ protocol: newProtocol() });
  const server = await listenRaw(world);
  const socketFactory = new CuttableFactory(world.network, { kind: "datagram" });
  const { client, connecting } = world.dial({ socketFactory, credential });
  await world.run(100);
  if (resumes) {
    await welcome(server, "none", new Uint8Array(0), SESSION);
    socketFactory.isCut = true;
    await world.until(() => client.player?.state === PlayerState.Suspended, 50);
    socketFactory.isCut = false;
    await world.until(() => server.connections.length === 2, 50);
    await world.run(100);
    expect(server.lastOf(HelloMessage)).toEqual({ resumes: true, ticket: NO_TICKET });
    expect(client.isConnected).toBe(false);
  }
  return { world, server, client, connecting };
}

const PLACE = { playerId: 5, ticksPerSecond: 0, moves: 0, isLobby: false, room: new Uint8Array(0) };

const welcome = (server: Server, method: string, reply: Uint8Array, session?: typeof SESSION) =>
  server.say(WelcomeMessage, { method, reply, session, place: PLACE, hasMoved: false, lostMs: 0, doors: [] });

/** The server's own proof over the nonce that the client has sent. */
async function rightReply(server: Server, key: Uint8Array, label: string): Promise<Uint8Array> {
  const payload = server.lastOf(ProofMessage)?.payload;
  if (!payload) return new Uint8Array(32);
  const clientNonce = payload.slice(-64, -32);
  return prove(key, label, "server", clientNonce, { nonce, channelBinding: null, security: "none" });
}

async function play(server: Server, order: Step[], method: string, confirms: Given["confirms"], isRight: boolean) {
  for (const step of order) {
    if (step === "table") await server.say(TableMessage, (newProtocol() as ProtocolCore).encodeTable());
    else if (step === "challenge") await server.say(ChallengeMessage, { nonce, methods: [method] });
    else {
      const { key, method: label } = confirms ?? { key: SECRET, method: "shared-secret" };
      await welcome(server, method, isRight ? await rightReply(server, key, label) : new Uint8Array(32));
    }
  }
}

/** Whether the rules admit a server. */
function mayAdmit({ credential, confirms, resumes }: Given, order: Step[], method: string, isRight: boolean): boolean {
  const text = order.join(" ");
  if (confirms) return text === "challenge welcome" && method === confirms.method && isRight;
  if (text === "challenge welcome") return credential !== null || resumes;
  return text === "welcome";
}

describe.each(Object.entries(credentials))("with %s a client", (_name, given) => {
  test("takes the messages of a server in one order, and believes the proof of its own credential only", async () => {
    const wrong: string[] = [];
    let admitted = 0;
    for (const order of orders) {
      const variants = order.includes("welcome")
        ? methods.flatMap((one) => [[one, true] as const, [one, false] as const])
        : [["none", false] as const];
      for (const [method, isRight] of variants) {
        const { world, server, client, connecting } = await met(given);
        await play(server, order, method, given.confirms, isRight);
        await world.run(20);
        const expected = mayAdmit(given, order, method, isRight);
        if (client.isAuthenticated !== expected) wrong.push(`${order} as ${method}, proof ${isRight}: ${!expected}`);
        if (expected) admitted++;
        // What waits for nothing has ended with a reason on both sides.
        const waits = ["", "challenge"].includes(order.join(" ")) && client.active;
        if (!expected && !waits) {
          expect(client.active, `${order} as ${method}`).toBe(false);
          expect(server.reasons.length).toBe(1 + Number(given.resumes));
        }
        if (!given.resumes && !client.active && !order.includes("welcome")) await expect(connecting).rejects.toThrow();
      }
    }
    expect(wrong).toEqual([]);
    expect(admitted).toBeGreaterThan(0);
  }, 60_000);
});

test("a welcome that comes while the client makes its proof is out of place", async () => {
  let isProving = false;
  const credential: Credential = {
    method: "slow",
    prove: () => {
      isProving = true;
      return new Promise(() => {});
    },
  };
  const { server, client, connecting } = await met({ credential, confirms: null, resumes: false });
  await server.say(ChallengeMessage, { nonce, methods: [] });
  expect(isProving).toBe(true);
  await welcome(server, "slow", new Uint8Array(0));
  await expect(connecting).rejects.toMatchObject({ code: "ERR_INVALID_PACKET" });
  expect(client.active).toBe(false);
});

test("a scene that comes before the server has proven itself waits", async () => {
  const confirmed: ((isRight: boolean) => void)[] = [];
  const credential: Credential = {
    method: "slow",
    prove: () => Uint8Array.of(1),
    confirm: () => new Promise((resolve) => confirmed.push(resolve)),
  };
  const { world, server, client } = await met({ credential, confirms: null, resumes: false });
  const scenes: string[] = [];
  client.onLoadScene = (name) => void scenes.push(name);
  await server.say(ChallengeMessage, { nonce, methods: [] });
  await welcome(server, "slow", new Uint8Array(0));
  const load = world.server.protocol.messages.find(({ name }) => name === "network/load-scene");
  await server.say(load as never, { number: 1, name: "castle" } as never);
  expect(scenes).toEqual([]);
  confirmed[0]?.(true);
  await turn();
  expect(scenes).toEqual(["castle"]);
});

describe("a server takes", () => {
  const authentication = { authenticators: [sharedSecretAuthenticator(SECRET)] };
  const proof = { method: "shared-secret", payload: new Uint8Array(64) };
  const send = {
    table: (client: Server) => client.say(TableMessage, (newProtocol() as ProtocolCore).encodeTable()),
    hello: (client: Server) => client.say(HelloMessage, { resumes: false, ticket: NO_TICKET }),
    proof: (client: Server) => client.say(ProofMessage, proof),
  };
  const names = Object.keys(send) as (keyof typeof send)[];
  const all = names.flatMap((first) => names.map((second) => [first, second] as const));

  test.each([...all])("%s and then %s, or ends the connection", async (first, second) => {
    const world = new MessageWorld({ protocol: newProtocol(), server: { authentication } });
    await world.server.start();
    const client = await connectRaw(world);
    await send[first](client);
    await send[second](client);
    const isInOrder = first === "hello" && second === "proof";
    // The right order ends as well, because the proof is wrong.
    const { AuthenticationFailed, InvalidPacket } = DisconnectCode;
    expect(client.reasons).toEqual([isInOrder ? AuthenticationFailed : InvalidPacket]);
    expect(world.server.authenticatedPlayers).toEqual([]);
  });
});
