// node responder.mjs <server> <subject>: answers requests of a bare client and of an engine, in a process of its own.
import { connect } from "@nats-io/transport-node";
import { NatsEngine } from "../../dist/rooms/engine/index.js";

const [server, subject] = process.argv.slice(2);
const connection = await connect({ servers: [server] });
connection.subscribe(`${subject}.bare`, { callback: (_error, message) => message.respond(message.data) });
const engine = await NatsEngine.connect({ servers: [server] });
engine.answer(`${subject}.ours`, (data) => data);
await connection.flush();
// What was subscribed before this message is there when it comes back.
engine.subscribe(`${subject}.ready`, () => process.send("ready"));
engine.publish(`${subject}.ready`, new Uint8Array(0));
