// node main.mjs [HTTP port] [--inspect]: the page of the quick start alone, until Ctrl+C. With --inspect another page
// shows what its server does.
import { openPage } from "../open-page.mjs";
import { openBadNetwork } from "./server.mjs";

const args = process.argv.slice(2);
const isInspected = args.includes("--inspect");
const [httpPort = "8080"] = args.filter((arg) => arg !== "--inspect");
const { page, inspectorPage, close } = await openBadNetwork({ httpPort: Number(httpPort), isInspected });
console.log(`Page: ${page}`);
openPage(page);
if (inspectorPage) {
  console.log(`Inspector: ${inspectorPage}`);
  openPage(inspectorPage);
}
process.once("SIGINT", close);
