// node main.mjs <folder of a built checkout> <path> <messages>: for every byte on its standard input, sends this many
// messages along one hot path of that checkout, and says "done". scripts/instructions.mjs counts the instructions in
// between.
import { MESSAGES_PER_BATCH, paths } from "./paths.mjs";

const [folder, path, messages] = process.argv.slice(2);
const { batch, close } = await paths[path](folder);

async function round() {
  for (let sent = 0; sent < Number(messages); sent += MESSAGES_PER_BATCH) await batch();
  process.stdout.write("done\n");
}

let rounds = Promise.resolve();
process.stdin.on("data", (bytes) => {
  for (const _ of bytes) rounds = rounds.then(round);
});
process.stdin.on("end", () => rounds.then(() => close?.()).then(() => process.exit(0)));
