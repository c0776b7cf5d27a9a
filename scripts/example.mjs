// npm run quickstart, npm run arena: installs and builds what is missing, then runs the example of that name with the
// other arguments.
import { main, run, step } from "./run.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  const [name, ...args] = process.argv.slice(2);
  await setup();
  step(`examples/${name}`);
  run(process.execPath, [`examples/${name}/main.mjs`, ...args]);
});
