import { invalidType } from "../arguments.js";
import type { Clock } from "../clock.js";
import type { VoicePlayback } from "../comms/audio.js";
import type { InspectedNetwork } from "../comms/index.js";
import type { ClientFigures } from "../object/index.js";
import { booleanOption, clockOption, type OptionRule, type OptionRules, portOption } from "../options.js";
import { hostOption } from "../socket/building/end-point-errors.js";
import type { LagSocketFactory } from "../socket/index.js";
import { tlsCertificateOption } from "../socket/tls/server-certificate.js";
import type { InspectedObjects } from "./subject.js";

/** Options of `inspect`. */
export interface InspectOptions {
  /** Where the page is. An address that others reach needs `tls` or `insecure`. @defaultValue "127.0.0.1" */
  host?: string;
  /** 0 to 65535; 0 takes a free one. @defaultValue 0 */
  port?: number;
  /** What the page's address has to have behind `#`: 16 characters at least. @defaultValue 18 random bytes */
  token?: string;
  /** A certificate and its key in PEM, for `https:`. @defaultValue none: `http:` */
  tls?: { cert: string; key: string };
  /** Whether others may read everything that travels to the page. @defaultValue false */
  insecure?: boolean;
  /** Whether the page can disconnect players and change the conditions of `lag`. @defaultValue false */
  controls?: boolean;
  /** Whether the page shows the values of objects, and where they are. @defaultValue false */
  payloads?: boolean;
  /** The object manager of the server. @defaultValue none */
  objects?: InspectedObjects;
  /** What its clients tell of themselves. @defaultValue none */
  figures?: ClientFigures;
  /** Its voice. @defaultValue none */
  comms?: InspectedNetwork;
  /** Of a client: what plays the voices of `comms`, to show its jitter buffers. @defaultValue none */
  playback?: VoicePlayback;
  /** The socket factory of the server, where it simulates a bad network. @defaultValue none */
  lag?: LagSocketFactory;
  /** What times snapshots and timelines. @defaultValue the clock of the platform */
  clock?: Clock;
}

const MIN_TOKEN_LENGTH = 16;

/** An object that has a property. */
const hasProperty =
  (property: string): OptionRule =>
  (name, value) => {
    const isSuch = typeof value === "object" && value !== null && property in value;
    if (!isSuch) throw invalidType(`${name} has to be an object with ${property}`);
  };

export const inspectRules: OptionRules<InspectOptions> = {
  host: hostOption,
  port: portOption,
  token: (name, value) => {
    const isToken = typeof value === "string" && value.length >= MIN_TOKEN_LENGTH && /^[\w.~-]+$/.test(value);
    if (!isToken) throw invalidType(`${name} has ${MIN_TOKEN_LENGTH} or more letters, digits, and -._~`);
  },
  tls: tlsCertificateOption,
  insecure: booleanOption,
  controls: booleanOption,
  payloads: booleanOption,
  objects: hasProperty("objects"),
  figures: hasProperty("of"),
  comms: hasProperty("comms"),
  playback: hasProperty("speaker"),
  lag: hasProperty("conditions"),
  clock: clockOption,
};
