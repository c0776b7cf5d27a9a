import { hexOf } from "../bytes.js";
import { defineCommand, UsageError } from "./command.js";
import { explainPacket, PacketError, type PacketField } from "./explain-packet.js";
import { parseHex } from "./hex.js";
import { jsonLine } from "./json-line.js";
import { textWithin } from "./text-within.js";

const USAGE = `Usage: valve-sockets wire [HEX] [OPTIONS]

Explains a packet, field by field, as docs/wire-format.md describes it: the payload of a UDP datagram, of a WebSocket
message, or of a message of GNS. Without HEX it reads the digits from its input.

  valve-sockets wire 10 42decade 00000000 01 01000000
  tcpdump ... | valve-sockets wire --sealed

  --sealed  Noise has encrypted the packet (a packet does not say that)
  --json    prints one JSON object
  --help    prints this

Exit codes: 0 explained, 1 it is no packet of this package, 2 wrong arguments.
`;

/** A packet has 512 KiB at most unless a server sets more: as pairs of digits, with a space or two between them. */
const MAX_INPUT_BYTES = 2 ** 21;
/** Bytes that are shown of a longer field. */
const SHOWN_BYTES = 16;

export const wireCommand = defineCommand({
  summary: "explains a packet, given in hexadecimal digits",
  usage: USAGE,
  options: { sealed: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
  async run({ sealed, json }, positionals) {
    const packet = parseHex(positionals.length > 0 ? positionals.join("") : await readInput());
    if (!packet) throw new UsageError("A packet is given as pairs of hexadecimal digits, such as 10 42decade");
    const print = (fields: readonly PacketField[]) =>
      process.stdout.write(json ? jsonOf(fields) : fields.map(lineOf).join(""));
    try {
      print(explainPacket(packet, sealed));
      return 0;
    } catch (error) {
      if (!(error instanceof PacketError)) throw error;
      print(error.cause as PacketField[]);
      process.stderr.write(`${error.message}\n`);
      return 1;
    }
  },
});

async function readInput(): Promise<string> {
  try {
    return await textWithin(process.stdin, MAX_INPUT_BYTES);
  } catch (error) {
    throw new UsageError(`The input is no packet: ${(error as Error).message}`);
  }
}

const jsonOf = (fields: readonly PacketField[]) =>
  jsonLine({ fields: fields.map(({ bytes, ...field }) => ({ ...field, bytes: hexOf(bytes) })) });

function lineOf({ offset, bytes, name, value }: PacketField): string {
  const hex = `${hexOf(bytes.subarray(0, SHOWN_BYTES), " ")}${bytes.length > SHOWN_BYTES ? " …" : ""}`;
  return `${`${offset}`.padStart(5)}  ${name.padEnd(24)}  ${value}  [${hex}]\n`;
}
