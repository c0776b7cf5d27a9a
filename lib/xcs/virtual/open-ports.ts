/** Which computers have a port open in one protocol, in the order in which they opened it. */
export class OpenPorts<Port> {
  readonly #ports = new Map<number, Set<Port>>();

  add(number: number, port: Port): void {
    const ports = this.#ports.get(number) ?? new Set();
    this.#ports.set(number, ports.add(port));
  }

  delete(number: number, port: Port): void {
    const ports = this.#ports.get(number);
    ports?.delete(port);
    if (ports?.size === 0) this.#ports.delete(number);
  }

  /** All that have this port open, except `port`. */
  others(number: number, port: Port): Port[] {
    return [...(this.#ports.get(number) ?? [])].filter((other) => other !== port);
  }
}
