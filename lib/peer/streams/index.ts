export { OutgoingStream } from "./outgoing-stream.js";
export { type StreamListener, StreamTable } from "./stream-table.js";
