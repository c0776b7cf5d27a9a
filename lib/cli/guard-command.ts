import { nftRules } from "../guard/nft-rules.js";
import { defineCommand, UsageError, wholeNumber } from "./command.js";

const USAGE = `Usage: valve-sockets guard nft --port N [OPTIONS]

Prints the rules of a table of nftables for a server under attack: banned sources are dropped, known ones pass, and all
others share a rate of new TCP connections. An administrator loads it:
  valve-sockets guard nft --port 7777 | sudo nft -f -
and gives the guard of the server the route nftablesRoute() (docs/floods.md).

  --port N      a TCP port of the server; may be given several times
  --rate N      new connections a second of sources that are not known, all together (1500)
  --table NAME  the name of the table (valve_sockets); what is in a table of that name stays
  --help        prints this

Exit codes: 0 done, 2 wrong arguments.
`;

export const guardCommand = defineCommand({
  summary: "prints rules for the kernel's packet filter",
  usage: USAGE,
  options: {
    port: { type: "string", multiple: true, default: [] },
    rate: { type: "string", default: "1500" },
    table: { type: "string" },
  },
  run({ port, rate, table }, positionals) {
    if (positionals.join(" ") !== "nft") throw new UsageError("The command is: valve-sockets guard nft --port N");
    if (port.length === 0) throw new UsageError("It needs the port of the server: --port N");
    const ports = port.map((text) => wholeNumber("--port", text));
    const rules = nftRules({
      ports,
      perSecond: wholeNumber("--rate", rate),
      ...(table !== undefined && { table }),
    });
    process.stdout.write(rules);
    return 0;
  },
});
