import { lookup } from "node:dns/promises";
import * as tls from "node:tls";
import { WtCause, WtCommand } from "../../../addon/native-web-transport.js";
import { concatBytes } from "../../../bytes.js";
import { formatHost } from "../../../format-host.js";
import { NetworkError } from "../../../network-error.js";
import { printable } from "../../../printable.js";
import { type Trial, translateError, trialError } from "../../../trial-errors.js";
import { abortable, refusedError } from "../../building/socket-errors.js";
import type { DisconnectReason } from "../../disconnect-reason.js";
import type { IBindEndPoint, ISocket } from "../../socket.js";
import { parseHost } from "../../udp/udp-batch-handle.js";
import type { WebTransportConnectEndPoint } from "../browser/client-options.js";
import { WebTransportHandle } from "./web-transport-handle.js";
import { WebTransportSocket } from "./web-transport-socket.js";

/** How long one address of the server is tried before the next is tried beside it. */
const NEXT_ADDRESS_MS = 250;
type Reject = (error: unknown) => void;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** A WebTransport client. */
export class WebTransportClientSocket
  extends WebTransportSocket
  implements ISocket<IBindEndPoint, WebTransportConnectEndPoint>
{
  /** The sessions that have been asked for, one for each address of the server, and what each resolves. */
  readonly #asked = new Map<number, { resolve: (handle: WebTransportHandle) => void; reject: Reject }>();
  #trial: () => Trial = () => ({ transport: "WebTransport", action: "connecting to", host: "", port: 0 });
  #url = "";

  async bind(): Promise<void> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebTransport client does not listen");
  }

  override get boundPort(): number | null {
    return null;
  }

  async connect(endPoint: WebTransportConnectEndPoint, signal?: AbortSignal): Promise<WebTransportHandle> {
    const { hostname, port: portText } = new URL(endPoint.url);
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const port = Number(portText) || 443;
    const { clock } = this.settings;
    const startMs = clock.now();
    this.#url = endPoint.url;
    this.#trial = () => ({
      ...{ transport: "WebTransport", action: "connecting to", host, port },
      tookMs: clock.now() - startMs,
    });
    const explain = (error: unknown) => {
      throw translateError(this.#trial(), error);
    };
    const handle = await this.use.begin(
      (attempt) => this.#connect(endPoint, host, port, attempt).catch(explain),
      signal,
    );
    this.inbox.release();
    return handle;
  }

  protected onRequest(): void {}

  protected onOpen(session: number): void {
    const asked = this.#asked.get(session);
    if (!asked) return;
    this.#asked.delete(session);
    this.#giveUp();
    // It is there at once: packets may follow in the same slab.
    const { host, port } = this.#trial();
    const handle = new WebTransportHandle(this, session, "authenticated", formatHost(host, port));
    this.handles.set(session, handle);
    asked.resolve(handle);
  }

  protected onEnd(session: number, cause: WtCause, reason: DisconnectReason): void {
    this.#asked.get(session)?.reject(this.#errorOf(cause, reason));
  }

  protected closeRest(): void {
    this.#giveUp();
  }

  async #connect(
    { url, certificateHashes = [] }: WebTransportConnectEndPoint,
    host: string,
    port: number,
    attempt: AbortSignal,
  ): Promise<WebTransportHandle> {
    const { pathname, search, host: authority } = new URL(url);
    const addresses = await abortable(lookup(host, { all: true }), attempt);
    attempt.throwIfAborted();
    this.inbox.hold();
    this.openAt("::", 0);
    const hashes = concatBytes(certificateHashes.map((hash) => Buffer.from(hash, "base64url")));
    const roots = hashes.length > 0 ? NO_BYTES : trustedRoots();
    const path = pathname + search;
    try {
      const opened = this.#first(addresses, attempt, (address) => {
        const { ip, scope } = parseHost(address);
        return this.addon.connect(this.id, ip, port, scope, host, authority, path, hashes, roots);
      });
      return await abortable(opened, attempt);
    } catch (error) {
      this.#giveUp();
      for (const session of this.handles.keys()) this.command(session, WtCommand.Close);
      this.handles.clear();
      this.closeNative();
      throw error;
    }
  }

  /** Resolves with the first session that opens, of those to all addresses, which begin one after the other. */
  #first(
    addresses: readonly { address: string }[],
    attempt: AbortSignal,
    begin: (address: string) => number | string,
  ): Promise<WebTransportHandle> {
    const { clock } = this.settings;
    let timer: unknown = null;
    const tries = new Promise<WebTransportHandle>((resolve, reject) => {
      let open = addresses.length;
      const failed = (error: unknown) => {
        open--;
        if (open === 0) reject(error);
      };
      const next = (index: number) => {
        const address = addresses[index]?.address;
        if (address === undefined || attempt.aborted) return;
        const session = begin(address);
        if (typeof session === "string") failed(trialError(this.#trial(), session));
        else this.#asked.set(session, { resolve, reject: failed });
        timer = clock.setTimeout(() => next(index + 1), NEXT_ADDRESS_MS);
      };
      next(0);
    });
    return tries.finally(() => clock.clearTimeout(timer));
  }

  /** Closes all sessions that are still asked for. */
  #giveUp(): void {
    for (const session of this.#asked.keys()) this.command(session, WtCommand.Close);
    this.#asked.clear();
  }

  #errorOf(cause: WtCause, reason: DisconnectReason): NetworkError {
    if (cause === WtCause.Refused) return refusedError(this.#url, reason);
    const text = printable(reason.text);
    if (cause === WtCause.Status) {
      return trialError(this.#trial(), `The server answered ${text}. Check host, port and path`);
    }
    if (/certificate/.test(text)) {
      const advice = "Check `certificateHashes`; somebody may be in the middle";
      const why = `The server's certificate is not one that this client trusts (${text}). ${advice}`;
      return trialError(this.#trial(), why, { code: "ERR_BAD_CERTIFICATE" });
    }
    return trialError(this.#trial(), `${text}. Check host, port, and that no firewall drops UDP`);
  }
}

let roots: Uint8Array | null = null;

/** The certificates of the authorities that this process trusts, in PEM. */
function trustedRoots(): Uint8Array {
  const { getCACertificates } = tls as { getCACertificates?: (type: "default") => string[] };
  roots ??= Buffer.from((getCACertificates?.("default") ?? tls.rootCertificates).join("\n"));
  return roots;
}
