import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterAll, describe, test } from "vitest";
import { createDevelopmentCertificate } from "../../../lib/socket/tls/development-certificate.js";
import { WebTransportSocketFactory } from "../../../lib/socket/webtransport-server.js";
import { socketConformance } from "../../../lib/testing/index.js";

const { hash, ...tls } = createDevelopmentCertificate();

describe("WebTransport of Node", () => {
  const silent = createSocket("udp4");
  afterAll(() => {
    silent.close();
  });
  const options = { port: 0, tls, certificateHashes: [hash], handshakeTimeoutMs: 2000 };
  const createFactory = () => new WebTransportSocketFactory(options);
  let isListening = false;
  const createSilentEndPoint = async () => {
    if (!isListening) await once(silent.bind(0, "127.0.0.1"), "listening");
    isListening = true;
    return createFactory().getConnectEndPoint("127.0.0.1", silent.address().port);
  };
  for (const { name, run } of socketConformance({ createFactory, createSilentEndPoint })) test(name, run);
});
