import { thingOption } from "../../options.js";

/** Of a factory that another one wraps. @throws TypeError `ERR_INVALID_ARG_TYPE` */
export const checkFactory = thingOption("a socket factory", "createServerSocket", "getConnectEndPoint");
