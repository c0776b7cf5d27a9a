// node main.mjs [HTTP port]: the page of the quick start alone, until Ctrl+C.
import { openPage } from "../open-page.mjs";
import { openBadNetwork } from "./server.mjs";

const { page, close } = await openBadNetwork({ httpPort: Number(process.argv[2] ?? 8080) });
console.log(`Page: ${page}`);
openPage(page);
process.once("SIGINT", close);
