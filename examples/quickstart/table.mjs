const columns = ["client", "ping", "quality", "out", "in", "delivered"];

function cells({ id, ping, quality, outBytesPerSecond, inBytesPerSecond, delivered }, messages) {
  // GNS measures quality and rates over some seconds; until then there is no figure.
  const isMeasured = quality >= 0;
  const rate = (bytes) => (isMeasured ? `${(bytes / 1000).toFixed(1)} kB/s` : "-");
  return [
    `${id + 1}`,
    ping < 0 ? "-" : `${ping} ms`,
    isMeasured ? `${(quality * 100).toFixed(0)} %` : "-",
    rate(outBytesPerSecond),
    rate(inBytesPerSecond),
    `${delivered}/${messages}`,
  ];
}

const line = (texts) => texts.map((text) => text.padStart(11)).join("");

/** A table of the clients' last reports: drawn anew with each of them in a terminal, once at the end elsewhere. */
export class LiveTable {
  #stream;
  #messages;
  #reports;
  #isDrawn = false;

  constructor(stream, { clients, messages }) {
    this.#stream = stream;
    this.#messages = messages;
    this.#reports = Array.from({ length: clients }, () => null);
  }

  show(report) {
    this.#reports[report.id] = report;
    if (this.#stream.isTTY) this.#draw();
  }

  finish() {
    if (!this.#stream.isTTY) this.#write();
  }

  #draw() {
    if (this.#isDrawn) this.#stream.moveCursor(0, -(this.#reports.length + 1));
    this.#isDrawn = true;
    this.#write();
  }

  #write() {
    const rows = this.#reports.map((report, id) => line(report ? cells(report, this.#messages) : [`${id + 1}`]));
    for (const row of [line(columns), ...rows]) {
      if (this.#stream.isTTY) this.#stream.clearLine(0);
      this.#stream.write(`${row}\n`);
    }
  }
}
