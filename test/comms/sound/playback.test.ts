import { describe, expect, test, vi } from "vitest";
import {
  type ICommsPlayer,
  pcm16Codec,
  VoiceCapture,
  type VoiceCodec,
  VoicePlayback,
} from "../../../lib/comms/audio.js";
import { ChannelPriority } from "../../../lib/comms/index.js";
import { TimeScale } from "../../../lib/comms/sound/time-scale.js";
import { FakeClock } from "../../../lib/testing/index.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "../custom-network.js";

const codec = pcm16Codec();
const { frameSize, sampleRate } = codec.settings;
const FRAME_MS = 20;

/** A session of the tutorial's network, whose clients have microphones and loudspeakers. */
function session(names: string[], codecs: readonly VoiceCodec[] = [codec]) {
  const clock = new FakeClock();
  const game = new GameNetwork();
  const options = { clock, codec: codecs[0]?.settings ?? codec.settings };
  const server = game.newNetwork("server", options).serve();
  const networks = names.map((name) => game.newNetwork(name, options).join());
  const all = [server, ...networks];
  settle(game, all, 4);
  for (const { comms } of networks) comms.rooms.join("lobby");
  settle(game, all, 4);
  const players = networks.map(({ comms }) => new VoicePlayback(comms, { codecs, clock }));
  /** Lets a frame's time pass, after `speak`; what each hears of it. */
  const step = (speak: () => void = () => {}, apart?: Parameters<VoicePlayback["read"]>[1]) => {
    speak();
    settle(game, all, 2);
    clock.advance(FRAME_MS);
    return players.map((playback) => {
      const out = new Float32Array(frameSize);
      playback.read(out, apart);
      return out;
    });
  };
  return { clock, networks, players, step };
}

const level = (samples: Float32Array | undefined) => Math.max(...(samples ?? []).map(Math.abs));

/** A tone of 300 Hz. */
const tone = (frame: number, loudness = 0.5) =>
  Float32Array.from({ length: frameSize }, (_, index) => {
    return loudness * Math.sin((2 * Math.PI * 300 * (frame * frameSize + index)) / sampleRate);
  });

function speakers(...names: string[]) {
  const world = session(names);
  const captures = world.networks.map(({ comms }) => new VoiceCapture(comms, codec, { activation: "always" }));
  return { ...world, captures };
}

test("what is said is heard by the others, after a short wait, and not by oneself", () => {
  const { captures, networks, step } = speakers("Ada", "Ben");
  networks[0]?.comms.roomChannels.open("lobby");
  const heard = Array.from({ length: 50 }, (_, frame) => step(() => captures[0]?.write(tone(frame))));
  expect(heard.every(([ada]) => level(ada) === 0)).toBe(true);
  const first = heard.findIndex(([, ben]) => level(ben) > 0);
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(6);
  expect(heard.slice(first + 1).every(([, ben]) => level(ben) > 0.45)).toBe(true);
});

test("what a speaker is worth: amplitude of the channel, volume of the player, priority, mute", () => {
  const { captures, networks, step } = speakers("Ada", "Ben", "Cleo");
  const [ada, ben, cleo] = networks.map(({ comms }) => comms);
  const channel = ada?.roomChannels.open("lobby", { amplitude: 0.5 });
  const talk = (frames: number, ...who: number[]) => {
    let heard: Float32Array[] = [];
    for (let frame = 0; frame < frames; frame++) {
      heard = step(() => who.forEach((index) => void captures[index]?.write(tone(frame, index === 0 ? 0.5 : 0.1))));
    }
    return level(heard[2]);
  };
  expect(talk(20, 0)).toBeCloseTo(0.25, 1);
  const player = cleo?.findPlayer("Ada");
  if (player) player.volume = 0.5;
  expect(talk(20, 0)).toBeCloseTo(0.125, 1);
  ben?.roomChannels.open("lobby", { priority: ChannelPriority.High });
  expect(talk(30, 0, 1)).toBeCloseTo(0.1, 2);
  if (channel) channel.priority = ChannelPriority.High;
  expect(talk(30, 0, 1)).toBeGreaterThan(0.15);
  if (cleo) cleo.isDeafened = true;
  expect(talk(30, 0, 1)).toBe(0);
});

test("a voice on positional channels goes to an array of its own, where the sink has one; meters show all", () => {
  const { captures, networks, players, step } = speakers("Ada", "Ben", "Cleo");
  networks[0]?.comms.roomChannels.open("lobby", { positional: true });
  networks[1]?.comms.roomChannels.open("lobby");
  const own = new Float32Array(frameSize);
  const asked = new Set<string>();
  let mix: Float32Array | undefined;
  for (let frame = 0; frame < 20; frame++) {
    const speak = () => {
      captures[0]?.write(tone(frame, 0.5));
      captures[1]?.write(tone(frame, 0.2));
    };
    [, , mix] = step(speak, ({ name }) => {
      asked.add(name);
      return own.fill(0);
    });
  }
  expect(asked).toEqual(new Set(["Ada"]));
  expect([level(own), level(mix)]).toEqual([expect.closeTo(0.5, 1), expect.closeTo(0.2, 1)]);
  const [playback, comms] = [players[2] as VoicePlayback, networks[2]?.comms];
  const meter = (name: string) => playback.speaker(comms?.findPlayer(name) as ICommsPlayer)?.level;
  expect([meter("Ada"), meter("Ben")]).toEqual([
    expect.closeTo(0.5 / Math.SQRT2, 1),
    expect.closeTo(0.2 / Math.SQRT2, 1),
  ]);
  expect(captures[0]?.level).toBeCloseTo(0.5 / Math.SQRT2, 1);
});

test("voices together are never louder than can be", () => {
  const { captures, networks, step } = speakers("Ada", "Ben", "Cleo");
  for (const { comms } of networks) comms.roomChannels.open("lobby", { amplitude: 2 });
  let heard: Float32Array[] = [];
  for (let frame = 0; frame < 20; frame++)
    heard = step(() => captures.forEach((capture) => void capture.write(tone(frame, 0.9))));
  expect(level(heard[0])).toBe(1);
});

describe("activation", () => {
  const noise = (loudness: number) => Float32Array.from({ length: frameSize }, (_, at) => loudness * Math.sin(at * at));

  test("by voice: speech is sent, and the end of words, and not the noise behind it", () => {
    const { networks, step } = session(["Ada", "Ben"]);
    const comms = networks[0]?.comms as CustomCommsNetwork["comms"];
    comms.roomChannels.open("lobby");
    const capture = new VoiceCapture(comms, codec);
    const sent: boolean[] = [];
    for (let frame = 0; frame < 150; frame++) {
      const isSpeech = frame >= 50 && frame < 80;
      step(() => capture.write(isSpeech ? tone(frame) : noise(0.002)));
      sent.push(capture.isTransmitting);
    }
    expect(sent.slice(5, 50)).not.toContain(true);
    expect(sent.slice(50, 94)).not.toContain(false);
    expect(sent.slice(97)).not.toContain(true);
  });

  test("by a key: only while it is down", () => {
    const { networks, step } = session(["Ada", "Ben"]);
    const comms = networks[0]?.comms as CustomCommsNetwork["comms"];
    comms.roomChannels.open("lobby");
    const capture = new VoiceCapture(comms, codec, { activation: "push" });
    const talk = (isPushed: boolean) => {
      capture.isPushed = isPushed;
      step(() => capture.write(tone(0)));
      return capture.isTransmitting;
    };
    expect([talk(false), talk(true), talk(true), talk(false)]).toEqual([false, true, true, false]);
    capture.close();
    expect(talk(true)).toBe(false);
  });

  test("samples come in pieces of any length", () => {
    const { networks, step, players } = session(["Ada", "Ben"]);
    const comms = networks[0]?.comms as CustomCommsNetwork["comms"];
    comms.roomChannels.open("lobby");
    const capture = new VoiceCapture(comms, codec, { activation: "always" });
    const samples = new Float32Array(20 * frameSize).map((_, index) => Math.sin(index / 9));
    for (let place = 0; place < samples.length; place += 331)
      step(() => capture.write(samples.subarray(place, place + 331)));
    const ada = networks[1]?.comms.findPlayer("Ada");
    expect(ada && players[1]?.speaker(ada)?.statistics.errors).toBe(0);
    expect(ada?.statistics.received).toBe(20);
  });
});

describe("hostile speakers", () => {
  test("ten frames within a second that are none silence a speaker for 5 s", () => {
    const { captures, networks, step, players } = speakers("Ada", "Ben");
    const comms = networks[0]?.comms as CustomCommsNetwork["comms"];
    comms.roomChannels.open("lobby");
    for (let frame = 0; frame < 40; frame++) step(() => comms.sendVoice(new Uint8Array(7)));
    const ada = networks[1]?.comms.findPlayer("Ada");
    expect(ada && players[1]?.speaker(ada)?.statistics.errors).toBe(10);
    const talk = (frames: number) => {
      let heard: Float32Array[] = [];
      for (let frame = 0; frame < frames; frame++) heard = step(() => captures[0]?.write(tone(frame)));
      return level(heard[1]);
    };
    expect(talk(150)).toBe(0);
    expect(talk(150)).toBeGreaterThan(0.4);
  });

  test("a codec of WebAssembly that has trapped ends the sound, and says so once", () => {
    const onFault = vi.fn();
    const { WebAssembly } = globalThis as unknown as { WebAssembly: { RuntimeError: new (text: string) => Error } };
    const trap = new WebAssembly.RuntimeError("unreachable");
    const trapping: VoiceCodec = {
      ...codec,
      createDecoder: (size) => {
        const decoder = codec.createDecoder(size);
        return {
          decode: () => {
            throw trap;
          },
          conceal: () => decoder.conceal(),
          close: () => {},
        };
      },
    };
    const { captures, clock, networks, step } = speakers("Ada", "Ben");
    const comms = networks[1]?.comms as CustomCommsNetwork["comms"];
    const playback = new VoicePlayback(comms, { codecs: [trapping], clock, onFault });
    networks[0]?.comms.roomChannels.open("lobby");
    for (let frame = 0; frame < 20; frame++) {
      step(() => captures[0]?.write(tone(frame)));
      playback.read(new Float32Array(frameSize));
    }
    expect(onFault.mock.calls).toEqual([[trap]]);
  });

  test("at most 32 speakers have decoders: whoever was heard longest ago leaves", () => {
    const names = Array.from({ length: 34 }, (_, index) => `p${index}`);
    const { captures, networks, step, players } = speakers(...names);
    for (const { comms } of networks.slice(1)) comms.roomChannels.open("lobby");
    step(() => captures.slice(1).forEach((capture, frame) => void capture.write(tone(frame))));
    const comms = networks[0]?.comms as CustomCommsNetwork["comms"];
    const heard = comms.players.filter((player) => players[0]?.speaker(player));
    expect(heard).toHaveLength(32);
  });

  test("a speaker with an unknown codec, or another sample rate, is not heard, and counted", () => {
    const { captures, clock, networks, step } = speakers("Ada", "Ben");
    const other = { ...codec, settings: { ...codec.settings, codec: 9 } };
    const comms = networks[1]?.comms as CustomCommsNetwork["comms"];
    const playback = new VoicePlayback(comms, { codecs: [other], clock });
    networks[0]?.comms.roomChannels.open("lobby");
    step(() => captures[0]?.write(tone(0)));
    expect(playback.unknownCodecs).toBe(1);
    playback.close();
    step(() => captures[0]?.write(tone(0)));
    expect(playback.unknownCodecs).toBe(1);
  });
});

test("wrong arguments are errors", () => {
  const { networks } = session(["Ada"]);
  const comms = networks[0]?.comms as CustomCommsNetwork["comms"];
  expect(() => new VoicePlayback(comms, { codecs: [] })).toThrow(RangeError);
  expect(() => new VoicePlayback(comms, { codecs: [codec, pcm16Codec({ sampleRate: 8000 })] })).toThrow(RangeError);
  expect(() => new VoicePlayback({} as never, { codecs: [codec] })).toThrow(TypeError);
  expect(() => new VoiceCapture(comms, codec, { activation: "loud" as never })).toThrow(RangeError);
  expect(() => new VoicePlayback(comms, { codecs: [codec] }).read([] as never)).toThrow(TypeError);
  expect(() => new VoiceCapture(comms, codec).write([] as never)).toThrow(TypeError);
});

describe("time that is longer or shorter", () => {
  const rate = 48_000;
  const sound = Float32Array.from({ length: 960 }, (_, index) => Math.sin((2 * Math.PI * 150 * index) / rate));

  test.each([-5, 5])("%i ms: a period more or less, without a crack", (byMs) => {
    const changed = new TimeScale(rate, 960).change(sound, byMs);
    const periods = (changed.length - sound.length) / (rate / 150);
    expect(periods).toBeCloseTo(Math.sign(byMs), 1);
    const steps = changed.map((sample, index) => Math.abs(sample - (changed[index - 1] ?? sample)));
    expect(Math.max(...steps)).toBeLessThan(0.03);
    expect(changed.at(-1)).toBeCloseTo(sound.at(-1) as number, 5);
  });

  test("a frame that is too short stays as it is", () => {
    const short = sound.subarray(0, 120);
    expect(new TimeScale(rate, 120).change(short, 5)).toBe(short);
  });
});

describe("a codec of one's own", () => {
  /** Ada speaks; what Ben's decoder does. */
  function heardBy(decoder: object | (() => object)) {
    const createDecoder = () => (typeof decoder === "function" ? decoder() : decoder);
    const own = { ...codec, createDecoder } as unknown as VoiceCodec;
    const world = session(["Ada", "Ben"], [own]);
    const [ada, ben] = world.networks as [CustomCommsNetwork, CustomCommsNetwork];
    const faults: unknown[] = [];
    const playback = new VoicePlayback(ben.comms, {
      codecs: [own],
      clock: world.clock,
      onFault: (error) => faults.push(error),
    });
    for (const player of world.players) player.close();
    ada.comms.roomChannels.open("lobby");
    const listen = (frames: number) => {
      let loudest = 0;
      for (let frame = 0; frame < frames; frame++) {
        world.step(() => ada.comms.sendVoice(new Uint8Array(640).fill(frame)));
        const out = new Float32Array(frameSize);
        playback.read(out);
        loudest = Math.max(loudest, level(out));
      }
      return loudest;
    };
    const speaker = () => playback.speaker(ben.comms.findPlayer("Ada") as ICommsPlayer);
    return { faults, listen, playback, speaker, ben };
  }
  const close = () => {};
  const silence = () => new Float32Array(frameSize);

  test.each([
    ["a promise", () => Promise.resolve(silence())],
    ["a promise that rejects", () => Promise.reject(new Error("later"))],
    ["an array", () => [0, 0]],
    ["nothing", () => undefined],
  ])("whose decoder makes %s ends the playback, and says why, once", async (_, decode) => {
    const { faults, listen, playback } = heardBy({ decode, conceal: silence, close });
    expect(listen(30)).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(faults).toMatchObject([{ code: "ERR_INVALID_ARG_TYPE", message: /What a decoder makes/ }]);
    playback.close();
  });

  test("whose decoder makes more than a frame silences that speaker, and nothing else", () => {
    const { faults, listen, playback, speaker } = heardBy({
      decode: () => new Float32Array(4 * frameSize).fill(0.5),
      conceal: silence,
      close,
    });
    expect(listen(50)).toBe(0);
    expect(speaker()?.statistics.errors).toBe(10);
    expect(faults).toEqual([]);
    playback.close();
  });

  test("that has no decoder for a speaker's frames is one that is not known", () => {
    const { faults, listen, playback } = heardBy(() => {
      throw new RangeError("no such frame size");
    });
    expect(listen(10)).toBe(0);
    expect({ faults, unknown: playback.unknownCodecs }).toEqual({ faults: [], unknown: 10 });
    playback.close();
  });

  test("whose decoder cannot be closed is told, and all others are closed", () => {
    let closed = 0;
    const { ben, faults, listen, playback } = heardBy({
      decode: silence,
      conceal: silence,
      close: () => {
        closed++;
        throw new Error("twice");
      },
    });
    listen(5);
    ben.stop();
    expect({ closed, faults }).toMatchObject({ closed: 1, faults: [{ message: "twice" }] });
    playback.close();
    expect(closed).toBe(1);
  });

  test("whose encoder makes a promise is told where the sound is written", () => {
    const { ben } = heardBy({ decode: silence, conceal: silence, close });
    const encoder = { encode: async () => new Uint8Array(60), expectLoss: () => {}, close };
    const own = { ...codec, createEncoder: () => encoder } as unknown as VoiceCodec;
    const capture = new VoiceCapture(ben.comms, own, { activation: "always" });
    expect(() => capture.write(tone(0))).toThrow("frame must be a Uint8Array");
  });
});

test.each([
  [1, 0],
  [40, 1],
  [1920, 1],
  [1921, 0],
])("of frames of %i samples at 16 kHz, 2.5 to 120 ms have a decoder (%i)", (frameSize, decoders) => {
  let made = 0;
  const own = { ...codec, settings: { ...codec.settings, frameSize } } as VoiceCodec;
  const counting = {
    ...own,
    createDecoder: (size: number) => {
      made++;
      return codec.createDecoder(size);
    },
  } as VoiceCodec;
  const { networks, step } = session(["Ada", "Ben"], [counting]);
  networks[0]?.comms.roomChannels.open("lobby");
  step(() => networks[0]?.comms.sendVoice(new Uint8Array(60)));
  expect(made).toBe(decoders);
});

test("wrong frames now and then, fewer than ten within a second, silence nobody", () => {
  const { networks, players, step } = session(["Ada", "Ben"]);
  networks[0]?.comms.roomChannels.open("lobby");
  for (let frame = 0; frame < 2000; frame++) {
    step(() => networks[0]?.comms.sendVoice(new Uint8Array(frame % 10 === 0 ? 7 : 640).fill(1)));
  }
  const ada = networks[1]?.comms.findPlayer("Ada") as ICommsPlayer;
  const { errors, played } = players[1]?.speaker(ada)?.statistics ?? { errors: 0, played: 0 };
  // The server sends on 16 kB a second, which is half of it.
  expect(errors).toBeGreaterThan(80);
  expect(played).toBeGreaterThan(800);
});
