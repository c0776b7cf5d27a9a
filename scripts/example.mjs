// npm run quickstart: installs and builds what is missing, then runs examples/quickstart.
import { main, run } from "./run.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  await setup();
  run(process.execPath, ["examples/quickstart/main.mjs"]);
});
