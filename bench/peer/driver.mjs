import {
  Address,
  ConfigValue,
  ConnectionState,
  Library,
  MessageBatch,
  NetworkingSockets,
  OutgoingBatch,
  ReceiveSource,
  Result,
} from "valve-sockets";
import { limitSeconds, report, reportError } from "./report.mjs";

/** The options that are GNS's configuration, as in gns-peer. */
const configuration = [
  ["rate", ConfigValue.SendRateMin],
  ["rate", ConfigValue.SendRateMax],
  ["buffer", ConfigValue.SendBufferSize],
  ["receive-buffer", ConfigValue.RecvBufferSize],
  ["receive-messages", ConfigValue.RecvBufferMessages],
  ["lag", ConfigValue.FakePacketLagSend],
  ["loss", ConfigValue.FakePacketLossSend],
];

/** Of 256 messages, in one turn. */
const MAX_BATCHES = 16;

/** What gns-peer's class Driver is, over the package: one poll group, read when `onReadable` says so. */
export class Driver {
  /** Called with a `MessageBatch` that stands on a message. */
  onMessage = () => {};
  onConnected = () => {};
  /** After the messages of a wake-up. */
  onTurn = () => {};
  onClosed = () => {};
  connections = 0;
  /** Replies that GNS did not take. */
  refused = 0;
  #batch;
  #outgoing = new OutgoingBatch(262_144);
  #group;
  #listenSocket = 0;

  constructor(options) {
    if (!Library.initialize({ driver: options.driver ?? "auto", spin: options.spin ?? 0 })) throw Library.lastError;
    this.sockets = new NetworkingSockets();
    for (const [name, value] of configuration) {
      if (options[name] !== undefined) this.sockets.setConfigValue(value, options[name]);
    }
    this.#group = this.sockets.createPollGroup();
    this.#batch = new MessageBatch({ sizeBytes: 1024 * 1024 });
    this.sockets.onReadable(() => this.#turn());
    limitSeconds(options.limit ?? 120);
  }

  listen(port = 0) {
    const address = new Address();
    address.setIPv4("127.0.0.1", port);
    this.#listenSocket = this.sockets.createListenSocket(address);
    if (this.#listenSocket === 0) throw Library.lastError;
    report("listening", { port: this.sockets.getListenSocketAddress(this.#listenSocket).port });
  }

  connect(port) {
    const address = new Address();
    address.setIPv4("127.0.0.1", port);
    const connection = this.sockets.connect(address);
    if (connection === 0) throw Library.lastError;
    this.sockets.setConnectionPollGroup(this.#group, connection);
    return connection;
  }

  /** False: the send buffer is full. */
  send(connection, data, flags) {
    const result = this.sockets.sendMessage(connection, data, flags);
    if (result === Result.OK) return true;
    if (result === Result.LimitExceeded) return false;
    throw new Error(`send failed: ${Result[result]}`);
  }

  /** Sends it together with the other answers to this batch of messages. */
  reply(connection, data, flags) {
    this.#outgoing.add(connection, data, flags);
  }

  /** Sends `count` equal messages in one call; returns how many were taken. */
  sendBatch(connection, data, flags, count) {
    const outgoing = this.#outgoing;
    for (let i = 0; i < count; i++) outgoing.add(connection, data, flags);
    this.sockets.sendBatch(outgoing);
    let taken = 0;
    while (taken < count && outgoing.results[taken] > 0) taken++;
    return taken;
  }

  close(connection, linger = true) {
    this.sockets.closeConnection(connection, 0, "", linger);
  }

  /** The process ends once the connections have. Closing the listen socket would cut off those that linger. */
  stopListening() {
    if (this.#listenSocket !== 0) this.sockets.unref(this.#listenSocket);
  }

  #turn() {
    try {
      const batch = this.#batch;
      // Messages before events: what came before a close is still to be read. Not without end: the helper thread may
      // bring more as fast as they are read, and what is left wakes again.
      for (let batches = 0; batches < MAX_BATCHES; batches++) {
        const count = this.sockets.receiveBatch(ReceiveSource.PollGroup, this.#group, batch);
        while (batch.next()) this.onMessage(batch);
        this.#sendReplies();
        if (count < batch.maxMessages) break;
      }
      this.sockets.dispatchCallbacks((info) => this.#statusChanged(info));
      this.onTurn();
    } catch (error) {
      reportError(error);
    }
  }

  #sendReplies() {
    const outgoing = this.#outgoing;
    const { count } = outgoing;
    if (count === 0) return;
    this.sockets.sendBatch(outgoing);
    for (let i = 0; i < count; i++) if (outgoing.results[i] <= 0) this.refused++;
  }

  #statusChanged({ connection, connectionInfo, oldState }) {
    switch (connectionInfo.state) {
      case ConnectionState.Connecting:
        if (connectionInfo.listenSocket === 0) break;
        this.sockets.setConnectionPollGroup(this.#group, connection);
        this.sockets.acceptConnection(connection);
        break;
      case ConnectionState.Connected:
        this.connections++;
        this.onConnected(connection);
        break;
      case ConnectionState.ClosedByPeer:
      case ConnectionState.ProblemDetectedLocally:
        if (oldState !== ConnectionState.Connected) throw new Error(`not connected: ${connectionInfo.endDebug}`);
        this.connections--;
        this.sockets.closeConnection(connection);
        this.onClosed(connection, connectionInfo);
        break;
    }
  }
}
