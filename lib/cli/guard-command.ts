import { parseArgs } from "node:util";
import { nftRules } from "../guard/nft-rules.js";

const USAGE = `Usage: valve-sockets guard nft --port N [OPTIONS]

Prints the rules of a table of nftables for a server under attack: banned sources are dropped, known ones pass, and all
others share a rate of new TCP connections. An administrator loads it:
  valve-sockets guard nft --port 7777 | sudo nft -f -
and gives the guard of the server the route nftablesRoute() (docs/floods.md).

  --port N      a TCP port of the server; may be given several times
  --rate N      new connections a second of sources that are not known, all together (1500)
  --table NAME  the name of the table (valve_sockets)
  --help        prints this

Exit codes: 0 done, 2 wrong arguments.
`;

/** `valve-sockets guard`: prints what the kernel needs. @returns the exit code */
export function guardCommand(args: string[]): number {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        port: { type: "string", multiple: true, default: [] },
        rate: { type: "string", default: "1500" },
        table: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    if (positionals.join(" ") !== "nft") throw new Error("The command is: valve-sockets guard nft --port N");
    const { table, rate, port } = values;
    if (port.length === 0) throw new Error("It needs the port of the server: --port N");
    process.stdout.write(
      nftRules({ ports: port.map(numberOf), perSecond: numberOf(rate), ...(table !== undefined && { table }) }),
    );
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
}

/** NaN for what is no whole number: the check of the rules says what it has to be. */
const numberOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN);
