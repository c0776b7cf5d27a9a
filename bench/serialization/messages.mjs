// The messages that every side packs: 256 of each, all fields of one differ from the one before it, as in a game.
const COUNT = 256;
const make = (each) => Array.from({ length: COUNT }, (_, index) => each(index));

const movement = make((index) => ({
  sequence: 1000 + index * 37,
  x: Math.sin(index) * 90 + 0.013,
  y: Math.cos(index) * 80,
  heading: ((index * 47) % 360) - 180 + 0.25,
  firing: index % 2 === 0,
}));

const chat = make((index) => ({
  channel: index % 7,
  name: `Player ${index}`,
  text: `Good game everyone, see you on server ${index}!`,
}));

export const values = {
  movement,
  "movement, floats": movement,
  chat,
  "10 movements": make((index) => ({ list: Array.from({ length: 10 }, (_, k) => movement[(index + k) % COUNT]) })),
  "100 movements": make((index) => ({ list: Array.from({ length: 100 }, (_, k) => movement[(index + k) % COUNT]) })),
  "1000 movements": make((index) => ({ list: Array.from({ length: 1000 }, (_, k) => movement[(index + k) % COUNT]) })),
};

export const numbers = {
  "10 bits": make((index) => (index * 397) % 1024),
  packed: make((index) => Math.floor(1.05 ** index)),
  quantized: make((index) => Math.sin(index) * 99),
  angle: make((index) => (index * 1.41) % 180),
  quaternion: make((index) => ({
    x: Math.sin(index) / 2,
    y: Math.cos(index) / 2,
    z: Math.sin(index * 2) / 2,
    w: 0.6,
  })),
};
