// The page: joins a room of the server that it is from, and shows who is there and who speaks.
import { ConnectionStatus, PeerCommsNetwork } from "valve-sockets/comms";
import { BrowserAudio, opusCodec } from "valve-sockets/comms/audio";
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { PlayerList } from "./player-list.mjs";

const find = (id) => document.querySelector(`#${id}`);
const show = (text) => {
  find("status").textContent = text;
};

find("join").onsubmit = (event) => {
  event.preventDefault();
  join(find("name").value, find("room").value).catch((error) => show(error.message));
};

async function join(playerName, room) {
  const codec = await opusCodec();
  const port = Number(location.port || (location.protocol === "https:" ? 443 : 80));
  const socketFactory = new BrowserSocketFactory({ host: location.hostname, port });
  const network = new PeerCommsNetwork({ socketFactory, playerName, codec: codec.settings });
  const { comms } = network;
  // Inside the click on Join, so that the browser lets the page play sound.
  const audio = await BrowserAudio.open(comms, { codec });
  await audio.resume();

  comms.rooms.join(room);
  comms.roomChannels.open(room);
  new PlayerList(find("players"), comms, audio);
  network.on("statusChanged", (status) => show(`${playerName} in ${room}: ${ConnectionStatus[status]}`));
  network.on("fault", (error) => show(error.message));
  network.runAsClient();
  find("join").hidden = true;
  find("speaking").hidden = false;
  setUpSpeaking(comms, audio);
  await audio.openMicrophone(processing).catch((error) => show(`You can hear, but not speak: ${error.message}`));
  await showMicrophones(audio);
}

/** ?raw: the microphone's sound as it is, without the browser's processing. */
const isRaw = new URLSearchParams(location.search).has("raw");
const processing = isRaw ? { echoCancellation: false, noiseSuppression: false, autoGainControl: false } : {};

function setUpSpeaking(comms, audio) {
  const push = (isPushed) => {
    audio.isPushed = isPushed;
    find("talk").ariaPressed = String(isPushed);
  };
  find("activation").onchange = ({ target }) => {
    audio.activation = target.value;
  };
  find("talk").onpointerdown = () => push(true);
  for (const name of ["pointerup", "pointerleave", "blur"]) find("talk").addEventListener(name, () => push(false));
  document.addEventListener(
    "keydown",
    ({ code, target }) => code === "Space" && target === document.body && push(true),
  );
  document.addEventListener("keyup", ({ code }) => code === "Space" && push(false));
  find("mute").onchange = ({ target }) => {
    comms.isMuted = target.checked;
  };
  find("microphones").onchange = ({ target }) => {
    audio.openMicrophone({ ...processing, deviceId: target.value }).catch((error) => show(error.message));
  };
  audio.on("microphoneChanged", (_state, error) => error && show(error.message));
  audio.on("devicesChanged", () => showMicrophones(audio));
}

async function showMicrophones(audio) {
  const devices = await audio.devices();
  const options = devices.filter(({ kind }) => kind === "microphone").map(({ id, name }) => new Option(name, id));
  find("microphones").replaceChildren(...options);
}
