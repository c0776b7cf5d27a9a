import { RequestRefusedError } from "valve-sockets/message";
import { Begin, Chat, Enter, MAX_MEMBERS, Roster, SetReady } from "./protocol.mjs";

/** The server's side of a lobby: who has entered and who is ready. The game begins when all are. */
export class Lobby {
  #server;
  #title;
  #size;
  #members = new Map();
  #hasBegun = false;

  /** @param size how many players a game needs */
  constructor(server, title, size) {
    this.#server = server;
    this.#title = title;
    this.#size = size;
    const { messageHandler } = server;
    messageHandler.registerRequest(Enter, ({ name }, player) => this.#enter(player, name));
    messageHandler.register(SetReady, ({ isReady }, player) => this.#setReady(player, isReady));
    messageHandler.register(Chat, ({ text }, player) => this.#chat(player, text));
    server.on("disconnected", (player) => {
      if (this.#members.delete(player)) this.#tellRoster();
    });
  }

  #enter(player, name) {
    const names = [...this.#members.values()].map((member) => member.name);
    if (this.#members.has(player)) throw new RequestRefusedError("You are in already");
    if (names.length === MAX_MEMBERS) throw new RequestRefusedError("The lobby is full");
    if (!/^[\p{L}\p{N}][\p{L}\p{N}\p{M} _.-]*$/u.test(name))
      throw new RequestRefusedError("A name has letters and digits");
    if (names.includes(name)) throw new RequestRefusedError(`There is a ${name} already`);
    this.#members.set(player, { name, isReady: false });
    this.#tellRoster();
    return { title: this.#title };
  }

  #chat(player, text) {
    const member = this.#members.get(player);
    if (member) this.#server.sendToMany(this.#members.keys(), Chat, { from: member.name, text });
  }

  #setReady(player, isReady) {
    const member = this.#members.get(player);
    if (!member) return;
    member.isReady = isReady;
    this.#tellRoster();
    const members = [...this.#members.values()];
    if (members.length >= this.#size && members.every((one) => one.isReady)) return this.#begin();
  }

  async #begin() {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    await this.#server.loadScene("arena");
    this.#server.sendToReady(Begin, { scene: "arena" });
  }

  #tellRoster() {
    this.#server.sendToMany(this.#members.keys(), Roster, [...this.#members.values()]);
  }
}
