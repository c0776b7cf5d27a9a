// Says farewell when it ends, in the way that its argument names. Run with the loader of TypeScript.
import { writeSync } from "node:fs";
import { onProcessEnd } from "../../lib/addon/exits.ts";

const say = (text) => writeSync(1, `${text}\n`);
onProcessEnd(() => say("closed"), true);
onProcessEnd(() => {
  throw new Error("of the first farewell");
});
onProcessEnd(() => say("farewell"));
const end = onProcessEnd(() => say("never"));
end();

const stay = setInterval(() => {}, 1000);
const ways = {
  signal() {},
  exit: () => process.exit(7),
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
const listeners = ["own", "polite", "once"];
if (listeners.includes(process.argv[2])) ways[process.argv[2]]();
else setImmediate(ways[process.argv[2]]);
say("ready");
