// Says farewell when it ends, in the way that its argument names. Run with the loader of TypeScript.
import { writeSync } from "node:fs";
import { onProcessEnd } from "../../lib/addon/exits.ts";

const say = (text) => writeSync(1, `${text}\n`);
/** The program's own listeners, which are older. */
const older = {
  exits: () => process.on("exit", () => say("program's exit")),
  older: () => process.once("SIGTERM", () => setTimeout(() => process.exit(6), 50)),
};
older[process.argv[2]]?.();
const forget = [
  onProcessEnd(() => say("closed"), true),
  onProcessEnd(() => {
    throw new Error("of the first farewell");
  }),
  onProcessEnd(() => say("farewell")),
];
const end = onProcessEnd(() => say("never"));
end();
end();

const stay = setInterval(() => {}, 1000);
const ways = {
  signal() {},
  exit: () => process.exit(7),
  exits: () => process.exit(7),
  older() {},
  /** Everybody is gone: nobody is told anything, and nothing keeps the process. */
  forgets() {
    for (const forgetOne of forget) forgetOne();
    say(`exit ${process.listenerCount("exit")}`);
    clearInterval(stay);
  },
  /** Everybody goes when a signal has come that nobody has been told of yet. */
  forgetsUnderWay() {
    process.kill(process.pid, "SIGTERM");
    for (const forgetOne of forget) forgetOne();
  },
  /** Its listener hears the first signal only, and everybody goes during it. */
  forgetsInside() {
    process.once("SIGTERM", () => {
      for (const forgetOne of forget) forgetOne();
      onProcessEnd(() => say("a new one's"))();
      setImmediate(() => {
        say(`SIGTERM ${process.listenerCount("SIGTERM")}`);
        process.exit(8);
      });
    });
  },
  /** Its listener hears the first signal only, and does not end the process. It says so when that turn is over. */
  first: () => process.once("SIGTERM", () => setImmediate(() => say("own 1"))),
  throws() {
    throw new Error("uncaught");
  },
  natural: () => clearInterval(stay),
  /** Its listener decides, also the second time. */
  own() {
    let count = 0;
    process.on("SIGTERM", () => {
      say(`own ${++count}`);
      if (count === 2) process.exit(3);
    });
  },
  /** As the package signal-exit does it: ends the process if nobody else listens. */
  polite() {
    const listener = () => {
      if (process.listenerCount("SIGTERM") !== 1) return;
      process.off("SIGTERM", listener);
      process.kill(process.pid, "SIGTERM");
    };
    process.on("SIGTERM", listener);
  },
  once: () => process.once("SIGTERM", () => setTimeout(() => process.exit(4), 50)),
};
// Those that listen have to before anybody hears that this is ready; the others end in the next turn.
const listeners = ["own", "polite", "once", "older", "first", "forgetsInside"];
if (listeners.includes(process.argv[2])) ways[process.argv[2]]();
else setImmediate(ways[process.argv[2]]);
say("ready");
