// The page: /?name=…
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { comeIn } from "./member.mjs";
import { Say } from "./protocol.mjs";

const [log, form] = [document.querySelector("ul"), document.querySelector("form")];
function print(line) {
  const item = document.createElement("li");
  item.textContent = line; // and never innerHTML: others have written it
  log.append(item);
}

const name = new URLSearchParams(location.search).get("name") ?? "guest";
const socketFactory = new BrowserSocketFactory({ host: location.hostname, port: Number(location.port) });
const client = await comeIn(socketFactory, name, print);
form.onsubmit = (event) => {
  event.preventDefault();
  client.send(Say, form.text.value);
  form.reset();
};
