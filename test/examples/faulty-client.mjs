// A client of the quick start whose reliable messages are not as they should be, in the way that `fault` names.
import { ConnectionState, SendType } from "valve-sockets";
import { decode, encode } from "../../examples/quickstart/messages.mjs";
import { localAddress, openSockets } from "../../examples/quickstart/network.mjs";
import { SequenceCheck } from "../../examples/quickstart/sequence-check.mjs";

const { fault, messages, id, port, ...settings } = JSON.parse(process.argv[2]);
if (fault === "crashed") process.exit(1);

const right = Array.from({ length: messages }, (_, number) => number);
const numbers = {
  lost: right.filter((number) => number !== 7),
  reordered: right.map((number) => (number === 7 ? 8 : number === 8 ? 7 : number)),
  repeated: [...right, 7],
}[fault];

const sockets = openSockets(settings);
const connection = sockets.connect(localAddress(port));
const echoes = new SequenceCheck();
const send = (message) => sockets.sendMessageToConnection(connection, encode(message), SendType.Reliable);

sockets.onReadable(() => {
  sockets.dispatchCallbacks(({ connectionInfo }) => {
    if (connectionInfo.state !== ConnectionState.Connected) return;
    for (const number of numbers) send({ type: "reliable", number });
    send({ type: "finished" });
  });
  for (const message of sockets.receiveMessagesOnConnection(connection, 1000) ?? []) {
    const { type, number, ...tally } = decode(message.data);
    message.destroy();
    if (type === "echo") echoes.take(number);
    if (type !== "tally") continue;
    process.send({ type: "result", id, echoes: { ...echoes }, tally });
    sockets.closeConnection(connection, 0, "", true);
    process.disconnect();
  }
});
