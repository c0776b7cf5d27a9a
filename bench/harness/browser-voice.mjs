// Pages of examples/voice in browsers whose microphone is a file: what goes in and what comes out is recorded.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

export const SAMPLE_RATE = 48_000;

const FLAGS = [
  "--no-sandbox",
  "--autoplay-policy=no-user-gesture-required",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
];

/** The worklet of the recorders. */
const RECORDER = `
  registerProcessor("test-recorder", class extends AudioWorkletProcessor {
    process([input]) {
      const samples = input[0] ?? new Float32Array(128);
      this.port.postMessage({ frame: currentFrame, samples });
      return true;
    }
  });
`;

/** Runs in the page before its own scripts: what is connected to the loudspeaker, or is a microphone, is recorded. */
function tap(recorder) {
  const { connect } = AudioNode.prototype;
  const taps = { microphone: [], loudspeaker: [] };
  /** How late each piece was that came from the thread of the sound: what both threads waited for a processor. */
  const delays = { microphone: [], loudspeaker: [] };
  const nodes = {};
  const offsets = { microphone: Number.POSITIVE_INFINITY, loudspeaker: Number.POSITIVE_INFINITY };
  const recorderOf = async (context, name) => {
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([recorder], { type: "text/javascript" })));
    const mono = { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" };
    const node = new AudioWorkletNode(context, "test-recorder", mono);
    node.port.onmessage = ({ data: { frame, samples } }) => {
      const now = performance.timeOrigin + performance.now();
      // A message is as late as the page is busy: the quickest one tells when a sample was.
      const start = frame - 128 * taps[name].length;
      const offset = now - (frame * 1000) / context.sampleRate;
      offsets[name] = Math.min(offsets[name], offset);
      delays[name].push(offset);
      taps[name].push(samples);
      taps[`${name}Start`] = start;
    };
    return node;
  };
  const record = async (node, name, output) => {
    nodes[name] ??= recorderOf(node.context, name);
    connect.call(node, await nodes[name], output);
  };
  AudioNode.prototype.connect = function (target, output, input) {
    if (target instanceof AudioDestinationNode) void record(this, "loudspeaker", output ?? 0);
    else if (this instanceof MediaStreamAudioSourceNode) void record(this, "microphone", 0);
    return connect.call(this, target, output ?? 0, input ?? 0);
  };
  globalThis.taps = {
    seconds: (name) => (taps[name].length * 128) / 48_000,
    read(name) {
      const all = new Int16Array(taps[name].length * 128);
      taps[name].forEach((samples, index) => {
        for (let at = 0; at < 128; at++) all[index * 128 + at] = Math.max(-1, Math.min(1, samples[at])) * 32767;
      });
      const bytes = new Uint8Array(all.buffer);
      let text = "";
      for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
      const startMs = offsets[name] + (taps[`${name}Start`] * 1000) / 48_000;
      return { base64: btoa(text), startMs, delays: delays[name].map((offset) => offset - offsets[name]) };
    },
  };
}

/** A browser with a page that has joined. `file`: what its microphone hears, again and again. */
export async function openVoicePage({ url, name, file, activation = "push" }) {
  const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  const args = [...FLAGS, `--use-file-for-fake-audio-capture=${file}`];
  const browser = await chromium.launch({ ...(executablePath && { executablePath }), args });
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.addInitScript(tap, RECORDER);
  await page.goto(`${url}?raw`);
  await page.fill("#name", name);
  await page.click("text=Join");
  await page.getByText(`${name} in lobby: Connected`).waitFor();
  await page.selectOption("#activation", activation);
  await page.waitForFunction(() => globalThis.taps.seconds("microphone") > 0.1);
  return new VoicePage(browser, page, errors);
}

class VoicePage {
  constructor(browser, page, errors) {
    this.browser = browser;
    this.page = page;
    this.errors = errors;
  }

  /** How many seconds the page has played, or recorded, silence and all. */
  seconds(name = "loudspeaker") {
    return this.page.evaluate((tapped) => globalThis.taps.seconds(tapped), name);
  }

  async waitUntil(seconds) {
    const hasPlayed = (end) => globalThis.taps.seconds("loudspeaker") >= end;
    await this.page.waitForFunction(hasPlayed, seconds, { timeout: 120_000 });
  }

  /** Holds the button down, or lets it go. */
  async push(isPushed) {
    await this.page.hover("#talk");
    await (isPushed ? this.page.mouse.down() : this.page.mouse.up());
  }

  /**
   * What was recorded: samples, and when the first of them was, by the wall clock. `delays`: of each 128 samples, how
   * much later they were recorded than the quickest ones.
   */
  async recording(name) {
    const { base64, startMs, delays } = await this.page.evaluate((tapped) => globalThis.taps.read(tapped), name);
    const bytes = Buffer.from(base64, "base64");
    const samples = new Float32Array(bytes.length / 2);
    for (let index = 0; index < samples.length; index++) samples[index] = bytes.readInt16LE(2 * index) / 32767;
    return { samples, startMs, delays };
  }
}

const HOP = SAMPLE_RATE / 200;
const FINE_STEP = 12;

/** Where in `reference` the sound of `part` is, in samples: by its envelope first, and then by its samples. */
export function placeOf(part, reference) {
  const [short, long] = [envelopeOf(part), envelopeOf(reference)];
  const last = long.length - short.length;
  const coarse = best(0, last, 1, (place) => correlation(short, long, place, 1)) * HOP;
  const [from, to] = [Math.max(0, coarse - 2 * HOP), Math.min(reference.length - part.length, coarse + 2 * HOP)];
  return best(from, to, FINE_STEP, (place) => correlation(part, reference, place, 4));
}

/** The mean of the magnitude, each 5 ms, without what all have. */
function envelopeOf(samples) {
  const envelope = new Float32Array(Math.floor(samples.length / HOP));
  for (let index = 0; index < envelope.length * HOP; index++)
    envelope[Math.floor(index / HOP)] += Math.abs(samples[index]);
  const mean = envelope.reduce((sum, value) => sum + value, 0) / envelope.length;
  return envelope.map((value) => value - mean);
}

function correlation(part, reference, place, step) {
  let product = 0;
  let energy = 1e-9;
  for (let index = 0; index < part.length; index += step) {
    product += part[index] * reference[place + index];
    energy += reference[place + index] ** 2;
  }
  return product / Math.sqrt(energy);
}

function best(from, to, step, rate) {
  let found = from;
  let most = Number.NEGATIVE_INFINITY;
  for (let place = from; place <= to; place += step) {
    const rated = rate(place);
    if (rated > most) [most, found] = [rated, place];
  }
  return found;
}
