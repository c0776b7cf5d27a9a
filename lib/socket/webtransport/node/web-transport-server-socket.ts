import { lookup } from "node:dns/promises";
import { WT_NO_CODE, type WtCause, WtCommand } from "../../../addon/native-web-transport.js";
import { isThenable } from "../../../brands.js";
import { NetworkError } from "../../../network-error.js";
import { translateError } from "../../../trial-errors.js";
import type { Verdict } from "../../../verdict.js";
import { checkHost, checkPort } from "../../building/end-point-errors.js";
import { abortable } from "../../building/socket-errors.js";
import { DisconnectCode, type DisconnectReason } from "../../disconnect-reason.js";
import type { IConnectionHandle, ISocket } from "../../socket.js";
import type { TlsCertificate } from "../../tls/development-certificate.js";
import type { ServerCertificate } from "../../tls/server-certificate.js";
import { WebTransportHandle } from "./web-transport-handle.js";
import type { WebTransportBindEndPoint, WebTransportSettings } from "./web-transport-options.js";
import { WebTransportSocket } from "./web-transport-socket.js";

/** A WebTransport server. */
export class WebTransportServerSocket extends WebTransportSocket implements ISocket<WebTransportBindEndPoint> {
  readonly #certificate: ServerCertificate;
  /** Requests about which its user has not decided. */
  readonly #asked = new Set<number>();
  #path = "/";
  #forgetCertificate = () => {};

  constructor(settings: WebTransportSettings, certificate: ServerCertificate) {
    super(settings);
    this.#certificate = certificate;
  }

  async bind({ host, port, path }: WebTransportBindEndPoint): Promise<void> {
    checkPort(port);
    if (host !== null) checkHost(host);
    const explain = (error: unknown) => {
      throw translateError({ transport: "WebTransport", action: "listening on", host: host ?? "::", port }, error);
    };
    await this.use.begin((attempt) => this.#listen(host, port, path, attempt).catch(explain));
  }

  async connect(): Promise<IConnectionHandle> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebTransport server does not connect");
  }

  protected onRequest(session: number, address: string, path: string, origin: string | undefined): void {
    if (this.use.isClosed) {
      this.#refuse(session, 503);
      return;
    }
    const { origins } = this.settings;
    const isHere = path.split("?")[0] === this.#path;
    if (!isHere || (origins && origin !== undefined && !origins.includes(origin))) {
      this.#refuse(session, isHere ? 403 : 404);
      return;
    }
    this.#asked.add(session);
    const incoming = { address, security: "encrypted", path, ...(origin !== undefined && { origin }) } as const;
    const settle = (verdict: Verdict) => {
      if (!this.#asked.delete(session)) return;
      if (verdict !== true) {
        this.#refuse(session, isBusy(verdict) ? 503 : 403, verdict);
        return;
      }
      const handle = new WebTransportHandle(this, session, "encrypted", address);
      this.handles.set(session, handle);
      this.command(session, WtCommand.Accept);
      this.inbox.connected(handle);
    };
    const asked = this.inbox.ask(incoming);
    if (isThenable(asked)) void asked.then(settle);
    else settle(asked);
  }

  protected onOpen(): void {}

  /** A client that did not wait for the verdict. */
  protected onEnd(session: number, _cause: WtCause, _reason: DisconnectReason): void {
    this.#asked.delete(session);
  }

  protected closeRest(): void {
    this.#forgetCertificate();
    for (const session of this.#asked) this.#refuse(session, 503);
    this.#asked.clear();
  }

  async #listen(host: string | null, port: number, path: string, attempt: AbortSignal): Promise<void> {
    const address = host === null ? "::" : (await abortable(lookup(host), attempt)).address;
    attempt.throwIfAborted();
    this.openAt(address, port);
    try {
      this.#use(this.#certificate.current);
    } catch (error) {
      this.closeNative();
      throw error;
    }
    this.#path = path;
    this.#forgetCertificate = this.#certificate.onReplaced((certificate) => this.#use(certificate));
  }

  #use({ cert, key }: TlsCertificate): void {
    const error = this.addon.setCertificate(this.id, Buffer.from(cert), Buffer.from(key));
    if (error !== "") throw new NetworkError("ERR_FAILED", `WebTransport does not take the certificate: ${error}`);
  }

  #refuse(session: number, status: number, { code, text }: DisconnectReason = { code: WT_NO_CODE, text: "" }): void {
    this.command(session, WtCommand.Refuse, status, code, text);
  }
}

const isBusy = ({ code }: DisconnectReason) => code === DisconnectCode.ServerFull || code === DisconnectCode.ServerBusy;
