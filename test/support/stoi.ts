// Short-time objective intelligibility: C. H. Taal, R. C. Hendriks, R. Heusdens, J. Jensen, "An Algorithm for
// Intelligibility Prediction of Time-Frequency Weighted Noisy Speech", IEEE TASLP 19(7), 2011; with the details of the
// Python package pystoi 0.4.1, so that its values are ours.

const SAMPLE_RATE = 10_000;
const FRAME = 256;
const HOP = 128;
const FFT = 512;
const BANDS = 15;
const LOWEST_BAND_HZ = 150;
/** Frames of an intermediate measure: 384 ms. */
const SEGMENT = 30;
/** -15 dB: how far the degraded sound may be above the clean one before it is cut. */
const CLIP = 1 + 10 ** (15 / 20);
/** Frames that are so much quieter than the loudest one do not count. */
const RANGE_DB = 40;
const EPSILON = 2 ** -52;

/** Hann without its zeros. */
const WINDOW = Float64Array.from({ length: FRAME }, (_, index) => {
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 1)) / (FRAME + 1));
});

/**
 * How well speech can be understood, from 0 to 1.
 * @param degraded what came of `clean`, sample by sample at the same time
 */
export function stoi(clean: Float32Array, degraded: Float32Array, sampleRate: number): number {
  if (clean.length !== degraded.length) throw new RangeError("Both sounds are equally long");
  const [one, other] = withoutSilence(resampled(clean, sampleRate), resampled(degraded, sampleRate));
  const reference = bandsOf(one);
  const compared = bandsOf(other);
  let sum = 0;
  let count = 0;
  for (let start = 0; start + SEGMENT <= (reference[0]?.length ?? 0); start++) {
    for (let band = 0; band < BANDS; band++) {
      sum += likeness(reference[band] as Float64Array, compared[band] as Float64Array, start);
      count++;
    }
  }
  return sum / count;
}

const cut = new Float64Array(SEGMENT);

/** The correlation of two envelopes, where the second is made as loud as the first and cut where it is far above. */
function likeness(clean: Float64Array, degraded: Float64Array, start: number): number {
  let cleanSquares = 0;
  let degradedSquares = 0;
  let cleanSum = 0;
  for (let index = start; index < start + SEGMENT; index++) {
    cleanSquares += (clean[index] as number) ** 2;
    degradedSquares += (degraded[index] as number) ** 2;
    cleanSum += clean[index] as number;
  }
  const gain = Math.sqrt(cleanSquares) / (Math.sqrt(degradedSquares) + EPSILON);
  let cutSum = 0;
  for (let index = 0; index < SEGMENT; index++) {
    const most = (clean[start + index] as number) * CLIP;
    cut[index] = Math.min((degraded[start + index] as number) * gain, most);
    cutSum += cut[index] as number;
  }
  let product = 0;
  let one = 0;
  let other = 0;
  for (let index = 0; index < SEGMENT; index++) {
    const cleanPart = (clean[start + index] as number) - cleanSum / SEGMENT;
    const cutPart = (cut[index] as number) - cutSum / SEGMENT;
    product += cleanPart * cutPart;
    one += cleanPart ** 2;
    other += cutPart ** 2;
  }
  return product / ((Math.sqrt(one) + EPSILON) * (Math.sqrt(other) + EPSILON));
}

/** Both sounds, put together of those frames in which the first one is loud. */
function withoutSilence(clean: Float64Array, degraded: Float64Array): [Float64Array, Float64Array] {
  const starts = frameStarts(clean.length);
  const levels = starts.map((start) => {
    let energy = 0;
    for (let index = 0; index < FRAME; index++) {
      energy += ((WINDOW[index] as number) * (clean[start + index] as number)) ** 2;
    }
    return 20 * Math.log10(Math.sqrt(energy) + EPSILON);
  });
  const loudest = levels.reduce((most, level) => Math.max(most, level), Number.NEGATIVE_INFINITY);
  const kept = starts.filter((_, index) => (levels[index] as number) > loudest - RANGE_DB);
  const joined = (samples: Float64Array) => {
    const out = new Float64Array((kept.length - 1) * HOP + FRAME);
    kept.forEach((start, place) => {
      for (let index = 0; index < FRAME; index++) {
        const at = place * HOP + index;
        out[at] = (out[at] as number) + (WINDOW[index] as number) * (samples[start + index] as number);
      }
    });
    return out;
  };
  return [joined(clean), joined(degraded)];
}

function frameStarts(length: number): number[] {
  const starts: number[] = [];
  for (let start = 0; start < length - FRAME; start += HOP) starts.push(start);
  return starts;
}

/** The first and last bin (exclusive) of each third of an octave. */
const EDGES = Array.from({ length: BANDS }, (_, band) => {
  const nearest = (hertz: number) => Math.round((hertz * FFT) / SAMPLE_RATE);
  const at = (sixths: number) => nearest(LOWEST_BAND_HZ * 2 ** (sixths / 6));
  return [at(2 * band - 1), at(2 * band + 1)] as const;
});

/** The loudness of each band, frame by frame. */
function bandsOf(samples: Float64Array): Float64Array[] {
  const real = new Float64Array(FFT);
  const imaginary = new Float64Array(FFT);
  const starts = frameStarts(samples.length);
  const bands = EDGES.map(() => new Float64Array(starts.length));
  starts.forEach((start, frame) => {
    real.fill(0);
    imaginary.fill(0);
    for (let index = 0; index < FRAME; index++) {
      real[index] = (WINDOW[index] as number) * (samples[start + index] as number);
    }
    transform(real, imaginary);
    EDGES.forEach(([first, end], band) => {
      let energy = 0;
      for (let bin = first; bin < end; bin++) energy += (real[bin] as number) ** 2 + (imaginary[bin] as number) ** 2;
      (bands[band] as Float64Array)[frame] = Math.sqrt(energy);
    });
  });
  return bands;
}

const angleOf = (step: number) => (-2 * Math.PI * step) / FFT;
const COSINES = Float64Array.from({ length: FFT / 2 }, (_, step) => Math.cos(angleOf(step)));
const SINES = Float64Array.from({ length: FFT / 2 }, (_, step) => Math.sin(angleOf(step)));

/** Cooley and Tukey's transform in place. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const swap = (values: Float64Array, one: number, other: number) => {
    const value = values[one] as number;
    values[one] = values[other] as number;
    values[other] = value;
  };
  for (let index = 0, reversed = 0; index < FFT; index++) {
    if (index < reversed) {
      swap(real, index, reversed);
      swap(imaginary, index, reversed);
    }
    let bit = FFT >> 1;
    for (; bit > 0 && (reversed & bit) !== 0; bit >>= 1) reversed ^= bit;
    reversed |= bit;
  }
  for (let size = 2; size <= FFT; size *= 2) {
    for (let part = 0; part < size / 2; part++) {
      const cosine = COSINES[(part * FFT) / size] as number;
      const sine = SINES[(part * FFT) / size] as number;
      for (let one = part; one < FFT; one += size) {
        const other = one + size / 2;
        const re = cosine * (real[other] as number) - sine * (imaginary[other] as number);
        const im = cosine * (imaginary[other] as number) + sine * (real[other] as number);
        real[other] = (real[one] as number) - re;
        imaginary[other] = (imaginary[one] as number) - im;
        real[one] = (real[one] as number) + re;
        imaginary[one] = (imaginary[one] as number) + im;
      }
    }
  }
}

/** The sound at 10 kHz, through a filter with a Kaiser window, as Octave's `resample` makes it. */
function resampled(samples: Float32Array, sampleRate: number): Float64Array {
  const divisor = greatestDivisor(SAMPLE_RATE, sampleRate);
  const up = SAMPLE_RATE / divisor;
  const down = sampleRate / divisor;
  if (up === down) return Float64Array.from(samples);
  const filter = filterOf(up, down);
  const half = (filter.length - 1) / 2;
  const out = new Float64Array(Math.ceil((samples.length * up) / down));
  for (let index = 0; index < out.length; index++) {
    const centre = index * down;
    const first = Math.max(0, Math.ceil((centre - half) / up));
    const last = Math.min(samples.length - 1, Math.floor((centre + half) / up));
    let sum = 0;
    for (let at = first; at <= last; at++) sum += (filter[half + centre - at * up] as number) * (samples[at] as number);
    out[index] = sum;
  }
  return out;
}

const filters = new Map<string, Float64Array>();

function filterOf(up: number, down: number): Float64Array {
  const filter = filters.get(`${up}/${down}`) ?? lowPass(up, down);
  filters.set(`${up}/${down}`, filter);
  return filter;
}

function lowPass(up: number, down: number): Float64Array {
  const rejectionDb = 60;
  const cutoff = 1 / (2 * Math.max(up, down));
  const half = Math.ceil((rejectionDb - 8) / (28.714 * (cutoff / 10)));
  const beta = 0.1102 * (rejectionDb - 8.7);
  const filter = Float64Array.from({ length: 2 * half + 1 }, (_, index) => {
    const at = index - half;
    const angle = 2 * Math.PI * cutoff * at;
    const sinc = at === 0 ? 1 : Math.sin(angle) / angle;
    return bessel(beta * Math.sqrt(1 - (at / half) ** 2)) * sinc;
  });
  const sum = filter.reduce((total, value) => total + value, 0);
  return filter.map((value) => (value / sum) * up);
}

/** The modified Bessel function of the first kind, of order 0. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let index = 1; term > sum * 1e-17; index++) {
    term *= (x / (2 * index)) ** 2;
    sum += term;
  }
  return sum;
}

const greatestDivisor = (one: number, other: number): number =>
  other === 0 ? one : greatestDivisor(other, one % other);
