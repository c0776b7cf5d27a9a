// A client with two ways to its server, in network namespaces of their own. The first way ends; prints from which
// addresses the server has heard the client, and how many sockets the client has at the end.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Delivery, ReceivedPacket } from "valve-sockets/socket";
import { UdpSocketFactory } from "valve-sockets/socket/udp";

const [family, implementation, end, role] = process.argv.slice(2);
const IS_IPV6 = family === "IPv6";
/** The links of the client, best first, and the numbers of their networks. */
const links = Object.entries({ wifi: 1, mobile: 2 });
/** The address of a host (1 the server, 2 the client) in the network of a way; 0 is the server itself. */
const address = (way, host) => (IS_IPV6 ? `fd0${way}::${host}` : `10.${way}.0.${host}`);
const ip = (command) => {
  const { status, stderr } = spawnSync("ip", command.split(" "), { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${command}: ${stderr}`);
};
const VERSION = IS_IPV6 ? "-6" : "-4";
const addAddress = (link, way, host) => {
  ip(`address add ${address(way, host)}/${IS_IPV6 ? 64 : 24} dev ${link}${IS_IPV6 ? " nodad" : ""}`);
  ip(`link set ${link} up`);
};

const ends = {
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

if (role === undefined) {
  const node = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2), "client"];
  process.exit(spawnSync("unshare", ["-n", ...node], { stdio: "inherit" }).status ?? 1);
}
const server = address(0, 1);
/** Where the system refuses to send, and the socket is told so, the client has no need of a timer. */
const withoutTimers = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => (ms === 0 ? setImmediate(callback) : null),
  clearTimeout: clearImmediate,
};
const IS_REFUSED = !IS_IPV6 && implementation === "batched" && end.endsWith(" removed");
const clock = IS_REFUSED ? { clock: withoutTimers } : {};
const factory = new UdpSocketFactory({ host: server, bindHost: server, port: 7777, implementation, ...clock });
const packet = new ReceivedPacket();
const read = (socket, onPacket) => {
  socket.events = {
    onReadable() {
      socket.tick();
      while (socket.poll()) {
        socket.receive(packet);
        onPacket();
      }
      socket.flush();
    },
  };
};

if (role === "server") {
  process.on("disconnect", () => process.exit());
  process.send("started");
  await once(process, "message"); // The links are here.
  // As providers do: what comes with an address of another network is dropped.
  writeFileSync("/proc/sys/net/ipv4/conf/all/rp_filter", "1");
  ip("link set lo up");
  ip(`address add ${server}/${IS_IPV6 ? 128 : 32} dev lo`);
  for (const [link, way] of links) addAddress(link, way, 1);
  const socket = factory.createServerSocket();
  const addresses = new Set();
  read(socket, () => {
    addresses.add(packet.handle.host);
    const answer = packet.buffer.slice(packet.offset, packet.offset + packet.length);
    socket.send(packet.handle, answer, answer.length, Delivery.Unreliable);
  });
  await socket.bind(factory.getBindEndPoint());
  process.send("listening");
  await once(process, "message");
  process.send([...addresses]);
} else {
  const child = fork(fileURLToPath(import.meta.url), [family, implementation, end, "server"], {
    execPath: "unshare",
    execArgv: ["-n", process.execPath],
  });
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
  const socket = factory.createClientSocket();
  let sent = 0;
  let endedAt = Number.POSITIVE_INFINITY;
  let heard = () => {};
  const answered = new Promise((resolve) => {
    heard = resolve;
  });
  read(socket, () => {
    const [number] = packet.buffer.subarray(packet.offset);
    if (number === 3 && endedAt > sent) {
      ends[end]();
      endedAt = sent;
    }
    if (number > endedAt) heard();
  });
  const handle = await socket.connect(factory.getConnectEndPoint());
  const timer = setInterval(() => {
    socket.send(handle, Uint8Array.of(++sent), 1, Delivery.Unreliable);
    socket.flush();
  }, 30);
  await answered;
  clearInterval(timer);
  child.send("end");
  const [addresses] = await once(child, "message");
  const sockets = ["udp", "udp6"].flatMap((name) =>
    readFileSync(`/proc/net/${name}`, "utf8").trim().split("\n").slice(1),
  );
  console.log(JSON.stringify({ addresses, sockets: sockets.length }));
  process.exit(0);
}
