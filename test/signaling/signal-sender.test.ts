import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { ConfigValue, IceCandidates, Library, NetworkingIdentity, NetworkingSockets } from "../../lib/index.js";
import { seededRandom } from "../../lib/random.js";
import { senderOf } from "../../lib/signaling/signal-sender.js";

const identityOf = (text: string) => NetworkingIdentity.parse(text) as NetworkingIdentity;
/** Nothing may be gathered, so that no packet leaves this process. */
const options = [
  { value: ConfigValue.P2PTransportICEEnable, data: IceCandidates.Relay },
  { value: ConfigValue.P2PTURNServerList, data: "127.0.0.1:9" },
];

let sockets: NetworkingSockets;
/** What GNS says to connect to somebody. */
function signalOfGns(): Promise<Uint8Array> {
  return new Promise((resolve) => {
    sockets.onSignal((_connection, _identity, data) => {
      sockets.onSignal(null);
      resolve(data);
    });
    sockets.connectP2P(identityOf("str:somebody"), { options });
  });
}

beforeAll(() => {
  Library.initialize({ identity: identityOf("str:Älice of the long name") });
  sockets = new NetworkingSockets();
});
afterAll(() => {
  sockets.destroy();
  Library.deinitialize();
});

test("the sender of a signal that GNS has made", async () => {
  expect(senderOf(await signalOfGns())).toBe("str:Älice of the long name");
});

const field = (number: number, text: string) => [number * 8 + 2, text.length, ...Buffer.from(text)];

test("of several senders the last one counts, as in GNS", () => {
  const twice = Uint8Array.from([...field(8, "str:alice"), ...field(10, "str:you"), ...field(8, "str:bob")]);
  expect(senderOf(twice)).toBe("str:bob");
});

test("of thousands of senders one is decoded", () => {
  const decode = vi.spyOn(TextDecoder.prototype, "decode");
  onTestFinished(() => decode.mockRestore());
  const many = Array.from({ length: 4000 }, () => field(8, "")).flat();
  expect(senderOf(Uint8Array.from([...many, ...field(8, "str:bob")]))).toBe("str:bob");
  expect(decode).toHaveBeenCalledOnce();
});

test("a number of a field that protobuf would cut is no signal", () => {
  // 2^32 + 8 * 8 + 2 in seven bits a byte.
  const tag = [0xc2, 0x80, 0x80, 0x80, 0x10];
  expect(senderOf(Uint8Array.from([...field(8, "str:bob"), ...tag, 9, ...Buffer.from("str:alice")]))).toBeNull();
});

test("what is cut, changed or made up ends, and names nobody that it does not name", async () => {
  const signal = await signalOfGns();
  for (let end = 0; end < signal.length; end++) {
    expect([null, "str:Älice of the long name"]).toContain(senderOf(signal.subarray(0, end)));
  }
  const random = seededRandom(1);
  for (let round = 0; round < 5000; round++) {
    const noise = Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
    senderOf(noise);
  }
  expect(senderOf(new Uint8Array(0))).toBeNull();
  expect(senderOf(Uint8Array.of(0x42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toBeNull();
});
