// npm run quickstart: installs and builds what is missing, then runs examples/quickstart.
import { main, run, step } from "./run.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  await setup();
  step("The quick start, for about 20 seconds");
  run(process.execPath, ["examples/quickstart/main.mjs"]);
});
