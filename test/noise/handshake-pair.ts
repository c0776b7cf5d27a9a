import {
  type AeadKey,
  acceptHandshake,
  HandshakePattern,
  HandshakeRole,
  HandshakeState,
  type KeyPair,
  type NoisePrimitives,
  TAG_SIZE_BYTES,
} from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";

/** The same, but it insists that nothing shorter than a tag is to be opened. */
export function strict(primitives: NoisePrimitives): NoisePrimitives {
  const aeadKey = (key: Uint8Array): AeadKey => {
    const aead = primitives.aeadKey(key);
    return {
      seal: aead.seal.bind(aead),
      open(...parameters) {
        const [, , , start, headerBytes, end] = parameters;
        if (end - start - headerBytes < TAG_SIZE_BYTES) throw new Error("no room for a tag");
        return aead.open(...parameters);
      },
    };
  };
  return { ...primitives, aeadKey };
}

export const primitives = strict(nodePrimitives());
export const bytes = (text: string) => new TextEncoder().encode(text);
export const prologue = bytes("agreed before");
export const noBytes = new Uint8Array(0);

/** A key pair that is the same in every run. */
export const keyPair = (fill: number): KeyPair => primitives.keyPair(new Uint8Array(32).fill(fill));
export const serverKey = keyPair(7);

export interface PairOptions {
  pattern: HandshakePattern;
  primitives?: NoisePrimitives;
  initiatorPrologue?: Uint8Array;
  pinnedKey?: Uint8Array;
}

/** Both ends of a handshake that has not begun. */
export function handshakePair({ pattern, ...options }: PairOptions) {
  const common = { primitives: options.primitives ?? primitives, pattern, prologue };
  const isNK = pattern === HandshakePattern.NK;
  return {
    initiator: new HandshakeState({
      ...common,
      role: HandshakeRole.Initiator,
      prologue: options.initiatorPrologue ?? prologue,
      ...(isNK && { remoteKey: options.pinnedKey ?? serverKey.publicKey }),
    }),
    responder: new HandshakeState({
      ...common,
      role: HandshakeRole.Responder,
      ...(isNK && { staticKey: serverKey }),
    }),
  };
}

/** The first message of a client that pinned `key`. */
export function firstMessage(key: KeyPair): Uint8Array {
  const { initiator } = handshakePair({ pattern: HandshakePattern.NK, pinnedKey: key.publicKey });
  return initiator.writeMessage(bytes("payload"));
}

export const accept = (keys: KeyPair[], message: Uint8Array) => acceptHandshake(primitives, keys, prologue, message);

/** The code of the error that `action` throws, null if it throws none. */
export function errorCode(action: () => unknown): string | null {
  try {
    action();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return null;
}
