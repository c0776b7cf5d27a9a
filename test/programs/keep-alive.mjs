// Opens something and does one thing with it. Whether the process then ends by itself is what the test wants to know.
import { Address, ConfigValue, ConnectionState, Library, NetworkingSockets, SendType } from "../../dist/index.js";

const [driver, what, then, target = "0"] = process.argv.slice(2);
Library.initialize({ driver });
const sockets = new NetworkingSockets();
sockets.onReadable(() => sockets.dispatchCallbacks(() => {}));
const address = new Address();
address.setIPv4("127.0.0.1", Number(target));

const open = {
  nothing: () => 0,
  "listen socket": () => sockets.createListenSocket(address),
  connection: () =>
    sockets.connect(address, [
      { value: ConfigValue.TimeoutInitial, data: 100_000 },
      // A lingering close has 5 seconds. At GNS's usual rate one of them would pass, on an idle machine.
      { value: ConfigValue.SendRateMin, data: 104_857_600 },
      { value: ConfigValue.SendRateMax, data: 104_857_600 },
    ]),
  pair: () => sockets.createSocketPair().connectionOne,
  group: () => sockets.createPollGroup(),
};
const handle = open[what]();

const act = {
  nothing: () => {},
  close: () => {
    if (what === "listen socket") sockets.closeListenSocket(handle);
    else if (what === "group") sockets.destroyPollGroup(handle);
    else sockets.closeConnection(handle);
    if (what === "pair") sockets.destroy();
  },
  unref: () => sockets.unref(handle),
  "unref and ref": () => sockets.unref(handle) && sockets.ref(handle),
  destroy: () => sockets.destroy(),
  deinitialize: () => Library.deinitialize(),
  linger: () => {
    sockets.onReadable(() =>
      sockets.dispatchCallbacks(({ connectionInfo }) => {
        if (connectionInfo.state !== ConnectionState.Connected) return;
        for (let index = 0; index < 5; index++) {
          sockets.sendMessageToConnection(handle, new Uint8Array(40_000).fill(index), SendType.Reliable);
        }
        sockets.closeConnection(handle, 4, "sent", true);
      }),
    );
  },
};
act[then]();
console.log("opened");
