import { rangeError, typeError } from "../../arguments.js";
import { type OptionRule, portOption, remotePortOption } from "../../options.js";

/** Of a port to connect to. @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` */
export function checkRemotePort(port: number): void {
  remotePortOption("port", port);
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` */
export function checkPort(port: number): void {
  portOption("port", port);
}

/** A name or a numeric address. */
export const hostOption: OptionRule = (name, value) => {
  if (typeof value !== "string") throw typeError(name, "a string");
  const isMore = value.includes("/") || /^[^:]*:\d+$|^\[.*\]:\d+$/.test(value);
  if (value.includes("://")) {
    throw rangeError(
      name,
      "a name or a numeric address, and no URL: the port is given as `port`, TLS as `secure: true`",
    );
  }
  if (isMore) throw rangeError(name, "a name or a numeric address alone: the port is given as `port`");
  if (value === "") throw rangeError(name, "a name or a numeric address");
};

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` */
export function checkHost(host: string): void {
  hostOption("host", host);
}
