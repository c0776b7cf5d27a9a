// Two network namespaces with two links between them: what programs of clients with two ways to their server share. The
// first parameter of such a program is the family of its addresses, and the last one, which it gives itself, its role.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";

const parameters = process.argv.slice(2);
const IS_IPV6 = parameters[0] === "IPv6";
const VERSION = IS_IPV6 ? "-6" : "-4";
/** The links of the client, best first, and the numbers of their networks. */
const links = Object.entries({ wifi: 1, mobile: 2 });

/** The address of a host (1 the server, 2 the client) in the network of a way; 0 is the server itself. */
const address = (way, host) => (IS_IPV6 ? `fd0${way}::${host}` : `10.${way}.0.${host}`);
/** What the server listens on. */
export const SERVER = address(0, 1);

function ip(command) {
  const { status, stderr } = spawnSync("ip", command.split(" "), { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${command}: ${stderr}`);
}

function addAddress(link, way, host) {
  ip(`address add ${address(way, host)}/${IS_IPV6 ? 64 : 24} dev ${link}${IS_IPV6 ? " nodad" : ""}`);
  ip(`link set ${link} up`);
}

/** How the first way of the client ends. */
export const ends = {
  "address removed": () => ip(`address delete ${address(1, 2)}/${IS_IPV6 ? 64 : 24} dev wifi`),
  "link removed": () => ip("link delete wifi"),
  "link down": () => ip("link set wifi down"),
  "other route": () => ip(`${VERSION} route delete default dev wifi`),
  "nothing for a while": () => {
    ip("link set mobile down");
    ip("link delete wifi");
    setTimeout(() => {
      ip("link set mobile up");
      if (IS_IPV6) addAddress("mobile", 2, 2); // Linux takes them away with the link.
      ip(`${VERSION} route replace default via ${address(2, 1)} dev mobile`);
    }, 1200);
  },
};

/**
 * Runs the program again as a server and as a client, each in a namespace of its own. The server calls `listen`, and
 * after it the client `connect`. `connect`
 * gets the process of the server, and when it is done the program ends.
 */
export async function runBoth(program, listen, connect) {
  if (parameters.at(-1) === "server") {
    process.on("disconnect", () => process.exit());
    process.send("started");
    await once(process, "message"); // The links are here.
    // As providers do: what comes with an address of another network is dropped.
    writeFileSync("/proc/sys/net/ipv4/conf/all/rp_filter", "1");
    ip("link set lo up");
    ip(`address add ${SERVER}/${IS_IPV6 ? 128 : 32} dev lo`);
    for (const [link, way] of links) addAddress(link, way, 1);
    await listen();
    process.send("listening");
  } else if (parameters.at(-1) === "client") {
    const options = { execPath: "unshare", execArgv: ["-n", process.execPath] };
    const child = fork(program, [...parameters.slice(0, -1), "server"], options);
    await once(child, "message");
    for (const [link, way] of links) {
      ip(`link add ${link} type veth peer name ${link} netns ${child.pid}`);
      addAddress(link, way, 2);
    }
    child.send("links");
    await once(child, "message");
    for (const [link, way] of links) {
      ip(`${VERSION} route add default via ${address(way, 1)} dev ${link} metric ${way * 100}`);
    }
    await connect(child);
    process.exit(0);
  } else {
    const node = [process.execPath, program, ...parameters, "client"];
    process.exit(spawnSync("unshare", ["-n", ...node], { stdio: "inherit" }).status ?? 1);
  }
}
