// node send.mjs <file> [host] [port]: sends a file. Ctrl+C cancels; started again, it goes on where it was.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { NetworkClient } from "valve-sockets/message";
import { encode } from "valve-sockets/serialization";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { CANCELLED, Finish, Offer, part, protocol } from "./protocol.mjs";

const [path, host = "localhost", port = "7777"] = process.argv.slice(2);
if (!path) throw new Error("Which file? node send.mjs <file> [host] [port]");
const name = basename(path);
const { size: sizeBytes } = await stat(path);

const client = new NetworkClient({ protocol, socketFactory: new UdpSocketFactory({ host, port: Number(port) }) });
await client.connect();
const { isHere, hasBytes: fromByte } = await client.request(Offer, { name });
console.log(`The server has ${fromByte} of ${sizeBytes} bytes`);

if (!isHere) {
  const stream = client.player.connection.openStream(encode(part, { name, fromByte, sizeBytes }));
  const writer = stream.writable.getWriter();
  process.once("SIGINT", () => writer.abort(CANCELLED).catch(() => {}));
  let shown = -1;
  try {
    for await (const chunk of createReadStream(path, { start: fromByte })) {
      await writer.write(chunk);
      const tenths = Math.floor((10 * (fromByte + stream.readBytes)) / sizeBytes);
      if (tenths !== shown) console.log(`${10 * tenths} %`);
      shown = tenths;
    }
    await writer.close(); // the server has read all of it
    const finished = await client.request(Finish, { name });
    if (!finished.isHere || finished.hasBytes !== sizeBytes) throw new Error("the server could not keep it");
    console.log(`${name} has arrived`);
  } catch (error) {
    console.log(`Not sent: ${error === CANCELLED ? "cancelled" : error.message}`);
    process.exitCode = 1;
  }
}
await client.disconnect();
