// The tests copy this next to an installed package: one server, one client, 100 reliable messages each way.
const { readFileSync } = require("node:fs");

/** Starts the library of one copy of the package and connects a client to a server. */
async function open(api) {
  const { Address, ConnectionState, Library, NetworkingSockets } = api;
  if (!Library.initialize()) throw new Error("the library did not start");
  const [server, client] = [new NetworkingSockets(), new NetworkingSockets()];
  const any = new Address();
  any.setAddress("127.0.0.1", 0);
  const socket = server.createListenSocket(any);
  const toServer = client.connect(server.getListenSocketAddress(socket));
  let toClient = 0;
  await new Promise((resolve, reject) => {
    const connected = new Set();
    const note = (name) => (info) => {
      const { state, listenSocket } = info.connectionInfo;
      if (state === ConnectionState.Connecting && listenSocket !== 0) server.acceptConnection(info.connection);
      if (state === ConnectionState.ProblemDetectedLocally) reject(new Error(`${name}: the connection failed`));
      if (state === ConnectionState.Connected) connected.add(name);
      if (state === ConnectionState.Connected && name === "server") toClient = info.connection;
      if (connected.size === 2) resolve();
    };
    server.onReadable(() => server.dispatchCallbacks(note("server")));
    client.onReadable(() => client.dispatchCallbacks(note("client")));
  });
  return { api, server, client, toServer, toClient };
}

/** Sends 100 messages from the client, which the server sends back, and checks what comes back. */
function exchange({ api, server, client, toServer, toClient }) {
  const count = 100;
  const answers = [];
  return new Promise((resolve, reject) => {
    const take = (sockets, connection, each) => {
      for (const message of sockets.receiveMessagesOnConnection(connection, count) ?? []) {
        each(message.data.slice());
        message.destroy();
      }
    };
    server.onReadable(() =>
      take(server, toClient, (data) => server.sendMessageToConnection(toClient, data, api.SendType.Reliable)),
    );
    client.onReadable(() => {
      take(client, toServer, (data) => answers.push(Buffer.from(data).toString()));
      if (answers.length < count) return;
      const right = answers.every((text, index) => text === `message ${index}`);
      right ? resolve(answers.length) : reject(new Error(`wrong answers: ${answers.join()}`));
    });
    for (let index = 0; index < count; index++) {
      client.sendMessageToConnection(toServer, Buffer.from(`message ${index}`), api.SendType.Reliable);
    }
  });
}

function close({ api, server, client }) {
  server.destroy();
  client.destroy();
  api.Library.deinitialize();
}

/** The files mapped into this process whose name matches. */
function mapped(pattern) {
  const files = readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .map((line) => line.slice(73));
  return [...new Set(files.filter((file) => pattern.test(file)))];
}

/** Prints what the tests check, as one line of JSON. */
async function report(api) {
  const link = await open(api);
  const answers = await exchange(link);
  close(link);
  const addons = mapped(/\.node$/);
  const foreign = mapped(/lib(protobuf|absl|crypto|ssl|GameNetworking)/);
  console.log(JSON.stringify({ node: process.versions.node, answers, addons, foreign }));
}

module.exports = { open, exchange, close, mapped, report };
