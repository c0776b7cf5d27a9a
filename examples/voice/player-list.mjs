/** Who is in the room: a meter for each, whether it speaks, and how loud it is to be here. */
export class PlayerList {
  #list;
  #items = new Map();

  constructor(list, comms, audio) {
    this.#list = list;
    comms.on("playerJoined", (player) => this.#add(player));
    comms.on("playerLeft", (player) => this.#remove(player));
    comms.on("playerStartedSpeaking", (player) => this.#items.get(player)?.item.classList.add("speaking"));
    comms.on("playerStoppedSpeaking", (player) => this.#items.get(player)?.item.classList.remove("speaking"));
    const draw = () => {
      for (const [player, { meter }] of this.#items) meter.value = audio.levelOf(player);
      requestAnimationFrame(draw);
    };
    draw();
  }

  #add(player) {
    const item = document.createElement("li");
    const name = document.createElement("b");
    const meter = Object.assign(document.createElement("meter"), { max: 0.3, ariaLabel: `How loud ${player.name} is` });
    name.textContent = player.name;
    item.append(name, meter);
    if (!player.isLocal) item.append(...this.#controls(player));
    this.#list.append(item);
    this.#items.set(player, { item, meter });
  }

  #controls(player) {
    const mute = Object.assign(document.createElement("input"), { type: "checkbox" });
    mute.onchange = () => {
      player.isLocallyMuted = mute.checked;
    };
    const volume = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 2, step: 0.1 });
    volume.value = String(player.volume);
    volume.ariaLabel = `Volume of ${player.name}`;
    volume.oninput = () => {
      player.volume = Number(volume.value);
    };
    const label = document.createElement("label");
    label.append(mute, " mute");
    return [label, volume];
  }

  #remove(player) {
    this.#items.get(player)?.item.remove();
    this.#items.delete(player);
  }
}
