// Prints what came of each transport, as JSON.
import { connectEach } from "./each-transport.mjs";

async function main() {
  console.log(JSON.stringify(await connectEach()));
  process.exit();
}
void main();
