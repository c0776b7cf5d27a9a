/** `from_identity` in GNS's protobuf message CMsgSteamNetworkingP2PRendezvous. */
const FROM_IDENTITY = 8;

/** The forms of protobuf's fields. */
enum WireType {
  Varint = 0,
  Fixed64 = 1,
  Bytes = 2,
  Fixed32 = 5,
}

/**
 * Who has sent a signal, as it says itself and GNS reads it: of several senders the last one counts.
 *
 * @returns the identity as text, such as `str:alice`; null for what is no signal
 */
export function senderOf(signal: Uint8Array): string | null {
  let at = 0;
  let sender: Uint8Array | null = null;
  const varint = () => {
    let value = 0;
    for (let factor = 1; at < signal.length && factor <= 2 ** 63; factor *= 128) {
      const byte = signal[at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return Number.POSITIVE_INFINITY;
  };
  while (at < signal.length) {
    const tag = varint();
    if (tag >= 2 ** 32) return null; // protobuf would take its lower bits
    const wireType: WireType = tag % 8;
    if (wireType === WireType.Varint) varint();
    else if (wireType === WireType.Fixed64) at += 8;
    else if (wireType === WireType.Fixed32) at += 4;
    else if (wireType === WireType.Bytes) {
      const length = varint();
      if (Math.floor(tag / 8) === FROM_IDENTITY) sender = signal.subarray(at, at + length);
      at += length;
    } else return null;
  }
  // Decoded once: whoever likes to writes four thousand senders into one signal.
  return sender && at === signal.length ? new TextDecoder().decode(sender) : null;
}
