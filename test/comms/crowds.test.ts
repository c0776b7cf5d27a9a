// Many listeners, some of whom are reached directly.
import { expect, test } from "vitest";
import { PacketType } from "../../lib/comms/wire/packets.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

function crowd(listeners: number) {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const ada = game.newNetwork("Ada").join();
  const others = Array.from({ length: listeners }, (_, index) => game.newNetwork(`player ${index}`));
  for (const { comms } of others) comms.rooms.join("lobby");
  for (const other of others) other.join();
  const networks = [server, ada, ...others];
  const arrive = () => settle(game, networks, 4);
  arrive();
  const near = others[0] as CustomCommsNetwork;
  game.connect("Ada", "player 0");
  ada.client?.receiveHandshakeP2P(near.comms.findPlayer("player 0")?.id as number, "player 0");
  arrive();
  const heard = others.map(() => 0);
  others.forEach(({ comms }, index) => {
    comms.on("voiceReceived", ({ frame }) => {
      if (frame.length > 0) heard[index] = (heard[index] as number) + 1;
    });
  });
  ada.comms.roomChannels.open("lobby");
  game.sent.length = 0;
  return { ada, arrive, game, heard, server };
}

const FRAMES = 3;

/** How many are listening, and how long a frame is: of 1003 bytes there is no place for a list of those who hear it. */
test.each([
  [3, 1003],
  [3, 990],
  [40, 950],
  [402, 60],
])(
  "%i listeners and frames of %i bytes: everybody hears each once, in one packet to the server",
  (listeners, bytes) => {
    const { ada, arrive, game, heard, server } = crowd(listeners);
    const charged: string[] = [];
    Object.assign(server.server as object, {
      charge: (_peer: string, _cost: number, text: string) => charged.push(text),
    });
    for (let number = 0; number < FRAMES; number++) {
      ada.comms.sendVoice(new Uint8Array(bytes).fill(number));
      arrive();
      game.clock.advance(20);
    }
    expect(new Set(heard)).toEqual(new Set([FRAMES]));
    expect(game.sent.filter(({ from, to }) => from === "Ada" && to === "server").length).toBe(FRAMES);
    expect(charged).toEqual([]);
  },
);

test("a few listeners are named to the server, so that nobody has it twice", () => {
  const { ada, arrive, game, heard } = crowd(3);
  ada.comms.sendVoice(new Uint8Array(60));
  arrive();
  expect(heard).toEqual([1, 1, 1]);
  const types = game.sent.filter(({ from }) => from === "Ada").map(({ bytes, to }) => [to, bytes[2]]);
  expect(types).toEqual([
    ["player 0", PacketType.VoiceData],
    ["server", PacketType.RelayUnreliable],
  ]);
  expect(game.sent.filter(({ to }) => to === "player 0").length).toBe(1);
});
