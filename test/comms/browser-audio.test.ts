// A page of Chromium with a microphone (a file) and a loudspeaker, in one session with this program.
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BrowserAudio, opusCodec, VoiceCapture, type VoiceCodec, VoicePlayback } from "../../lib/comms/audio.js";
import { type Comms, PeerCommsNetwork } from "../../lib/comms/index.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { launchBrowser, servePage } from "../support/browser-page.js";
import { canSpeak, speechFile } from "../support/speech.js";

const lib = fileURLToPath(new URL("../../lib/comms", import.meta.url));

/** Joins the session at once; the test does the rest. */
const PROGRAM = `
  import { BrowserAudio, opusCodec } from "./audio.js";
  import { PeerCommsNetwork } from "./index.js";
  import { WebSocketFactory } from "../socket/websocket.js";
  const codec = await opusCodec();
  const network = new PeerCommsNetwork({
    socketFactory: new WebSocketFactory({ host: location.hostname, port: Number(location.port) }),
    playerName: "Page",
    codec: codec.settings,
  });
  const { comms } = network;
  globalThis.told = [];
  globalThis.begin = async (options = {}) => {
    const audio = await BrowserAudio.open(comms, { codec, ...options });
    audio.on("microphoneChanged", (state, error) => told.push(error ? state + " " + error.code : state));
    audio.on("devicesChanged", () => told.push("devicesChanged"));
    audio.on("runningChanged", (isRunning) => told.push(isRunning ? "running" : "silent"));
    Object.assign(globalThis, { audio, comms });
  };
  globalThis.refused = (call) => call().then(() => "none", (error) => error.code);
  globalThis.levelOf = (name) => audio.levelOf(comms.findPlayer(name));
  globalThis.placeLeft = (name) => {
    const panner = audio.pannerOf(comms.findPlayer(name));
    panner.positionX.value = -2;
    const splitter = audio.context.createChannelSplitter(2);
    panner.connect(splitter);
    const ears = [0, 1].map((ear) => {
      const analyser = audio.context.createAnalyser();
      splitter.connect(analyser, ear);
      return analyser;
    });
    globalThis.loudness = () => ears.map((ear) => {
      const samples = new Float32Array(ear.fftSize);
      ear.getFloatTimeDomainData(samples);
      return Math.sqrt(samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length);
    });
  };
  network.on("statusChanged", (status) => { if (status === 2) globalThis.isReady = true; });
  network.runAsClient();
  // What a test calls in the page counts as a gesture of the user.
  if (location.search === "?begin") await begin();
`;

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:";
const FAKE = ["--use-fake-device-for-media-stream"];
const AUTOPLAY = "--autoplay-policy=no-user-gesture-required";
const ALLOWED = "--use-fake-ui-for-media-stream";

/** What the page has. */
interface PageScope {
  audio: BrowserAudio;
  comms: Comms;
  told: string[];
  isReady?: boolean;
  begin(options?: object): Promise<void>;
  refused(call: () => Promise<unknown>): Promise<string>;
  levelOf(name: string): number;
  placeLeft(name: string): void;
  loudness(): [left: number, right: number];
}
declare const window: PageScope;
declare const document: { onclick: unknown };
declare const navigator: { mediaDevices: EventTarget };
declare const AudioContext: new (options: object) => object;

const openMicrophone = () => window.refused(() => window.audio.openMicrophone());
const RATE = 48_000;

let codec: VoiceCodec;
let pages: Server;
let network: PeerCommsNetwork;
let browser: Browser | undefined;
const problems: string[] = [];

beforeAll(async () => {
  codec = await opusCodec();
  const files = { "voice-worklet": `${lib}/browser/voice-worklet.ts` };
  pages = await servePage(PROGRAM, lib, { files, policy: POLICY });
  const socketFactory = new WebSocketFactory({ server: pages });
  network = new PeerCommsNetwork({ socketFactory, playerName: "Node", codec: codec.settings });
  network.runAsHost();
  pages.listen(0, "127.0.0.1");
  await once(pages, "listening");
});

afterEach(async () => {
  await browser?.close();
  problems.length = 0;
});

afterAll(() => {
  network.stop();
  pages.close();
  pages.closeAllConnections();
});

/** A page that has joined the session. */
async function openPage(flags: readonly string[], search = ""): Promise<Page> {
  browser = await launchBrowser(flags);
  const page = await browser.newPage();
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/${search}`);
  await page.waitForFunction(() => window.isReady);
  return page;
}

/** Sends a tone as time goes on. Returns what ends it. */
function speak(isPositional: boolean): () => void {
  const channel = network.comms.roomChannels.open("room", { positional: isPositional });
  const capture = new VoiceCapture(network.comms, codec, { activation: "always" });
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - start) / 1000) * RATE);
    capture.write(Float32Array.from({ length: due - sent }, (_, index) => 0.3 * Math.sin((sent + index) / 20)));
    sent = due;
  }, 20);
  return () => {
    clearInterval(timer);
    capture.close();
    channel.close();
  };
}

/** Reads as time goes on; each call returns how loud it was since the last one. */
function listenTo(playback: VoicePlayback): () => number {
  let readMs = performance.now();
  return () => {
    const samples = new Float32Array(Math.floor((performance.now() - readMs) * (RATE / 1000)));
    readMs += samples.length / (RATE / 1000);
    playback.read(samples);
    return Math.max(0, ...samples);
  };
}

describe("a page whose policy allows its own scripts and WebAssembly", () => {
  test.skipIf(!canSpeak)("hears, speaks, pushes to talk, is mute, and places a voice to the left", async () => {
    const page = await openPage([...FAKE, AUTOPLAY, ALLOWED, `--use-file-for-fake-audio-capture=${speechFile()}`]);
    network.comms.rooms.join("room");
    const heard = new VoicePlayback(network.comms, { codecs: [codec] });
    const end = speak(true);
    await page.evaluate(async () => {
      await window.begin({ activation: "push" });
      window.comms.rooms.join("room");
      window.comms.roomChannels.open("room");
      await window.audio.openMicrophone({ echoCancellation: false });
    });
    const kinds = await page.evaluate(async () => (await window.audio.devices()).map(({ kind }) => kind));
    expect(new Set(kinds)).toEqual(new Set(["microphone", "speaker"]));

    await page.waitForFunction(() => window.levelOf("Node") > 0.1);
    await page.waitForFunction(() => window.levelOf("Page") > 0.01);
    expect(await page.evaluate(() => window.audio.isTransmitting)).toBe(false);
    expect(network.comms.findPlayer("Page")?.statistics.received).toBe(0);

    await page.evaluate(() => {
      window.audio.isPushed = true;
    });
    await page.waitForFunction(() => window.audio.isTransmitting);
    await expect.poll(listenTo(heard), { interval: 10, timeout: 30_000 }).toBeGreaterThan(0.05);
    await page.evaluate(() => {
      window.comms.isMuted = true;
    });
    await page.waitForFunction(() => !window.audio.isTransmitting);

    await page.evaluate(() => window.placeLeft("Node"));
    await page.waitForFunction(() => {
      const [left, right] = window.loudness();
      return left > 0.02 && right < left / 2;
    });
    await page.evaluate(() => window.audio.selectSpeaker(""));
    expect(await page.evaluate(() => window.refused(() => window.audio.selectSpeaker("none")))).toBe("ERR_FAILED");
    end();
    heard.close();
    expect(problems).toEqual([]);
  });

  test("a microphone that is denied, allowed, lost, and back; sound waits for a gesture", async () => {
    const page = await openPage([...FAKE, "--autoplay-policy=document-user-activation-required"], "?begin");
    await page.waitForFunction(() => window.audio);
    expect(await page.evaluate(() => window.audio.isRunning)).toBe(false);
    expect(await page.evaluate(openMicrophone)).toBe("ERR_MICROPHONE_DENIED");
    await page.context().grantPermissions(["microphone"]);
    await page.evaluate(() => {
      document.onclick = () => window.audio.resume();
    });
    await page.mouse.click(10, 10);
    await page.waitForFunction(() => window.audio.isRunning);
    expect(await page.evaluate(openMicrophone)).toBe("none");
    expect(await page.evaluate(() => window.audio.microphone)).toBe("open");

    await page.context().clearPermissions();
    await page.waitForFunction(() => window.audio.microphone === "lost");
    await page.context().grantPermissions(["microphone"]);
    await page.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event("devicechange")));
    await page.waitForFunction(() => window.audio.microphone === "open");
    await page.waitForFunction(() => window.told.includes("devicesChanged"));
    await page.evaluate(() => window.audio.close());
    expect(await page.evaluate(() => window.told)).toEqual([
      "running",
      "open",
      ["lost", "ERR_MICROPHONE_LOST"].join(" "),
      "open",
      "devicesChanged",
      "closed",
    ]);
    expect(await page.evaluate(openMicrophone)).toBe("ERR_CLOSED");
  });

  test("a machine without a microphone, and a worklet that is not where it should be", async () => {
    const page = await openPage(["--disable-audio-input", ALLOWED, AUTOPLAY]);
    expect(await page.evaluate(() => window.refused(() => window.begin({ workletUrl: "/none.js" })))).toBe(
      "ERR_FAILED",
    );
    await page.evaluate(() => window.begin());
    expect(await page.evaluate(openMicrophone)).toBe("ERR_MICROPHONE_MISSING");
    expect(
      await page.evaluate(() =>
        window.refused(() => window.begin({ context: new AudioContext({ sampleRate: 8000 }) })),
      ),
    ).toBe("ERR_OUT_OF_RANGE");
  });
});

test("there is no Web Audio in Node.js", async () => {
  await expect(BrowserAudio.open(network.comms, { codec })).rejects.toMatchObject({ code: "ERR_NOT_SUPPORTED" });
});
