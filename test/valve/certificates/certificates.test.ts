import { createPrivateKey, createPublicKey, verify } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import {
  createCertificate,
  createCertificateAuthority,
  Library,
  NetworkingIdentity,
  NetworkingSockets,
  signCertificate,
} from "../../../lib/index.js";
import { withoutPrivateKey } from "../../../lib/valve/certificates/certificates.js";
import { decodeProtobuf, encodeProtobuf, protobufBytes } from "../../../lib/valve/certificates/protobuf.js";
import { addressOf } from "../../support/peer.js";

const wrongType = expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" });
const outOfRange = expect.objectContaining({ code: "ERR_OUT_OF_RANGE" });
const failed = expect.objectContaining({ code: "ERR_FAILED" });

const identity = new NetworkingIdentity();
identity.setSteamID(76561197960265729n);

afterEach(() => {
  vi.useRealTimers();
});

test("protocol buffers: exact bytes, and back", () => {
  const bytes = encodeProtobuf([
    [1, { varint: 300 }],
    [2, "é"],
    [16, new Uint8Array(130)],
    [4, { fixed32: 0xfffefdfc }],
    [5, { fixed64: 0x0102030405060708n }],
  ]);
  expect(Buffer.from(bytes).toString("hex")).toBe(
    `08ac02${"1202c3a9"}${`82018201${"00".repeat(130)}`}${"25fcfdfeff"}${"290807060504030201"}`,
  );
  expect(decodeProtobuf(bytes)?.map(({ number }) => number)).toEqual([1, 2, 16, 4, 5]);
  expect(protobufBytes(bytes, 2)).toEqual(Uint8Array.of(0xc3, 0xa9));
  expect(protobufBytes(bytes, 1)).toBeUndefined();
  expect(protobufBytes(bytes, 3)).toBeUndefined();
  for (let end = 0; end < bytes.length; end++) {
    const cut = decodeProtobuf(bytes.subarray(0, end));
    if (cut !== null) expect([0, 3, 7, 141, 146]).toContain(end);
  }
  expect(decodeProtobuf(Uint8Array.of(0x0b))).toBeNull();
  expect(decodeProtobuf(new Uint8Array(1_000_000))).toBeNull();
  expect(decodeProtobuf(new Uint8Array(20).fill(0xff))).toBeNull();
});

test("a certificate is signed by its authority", () => {
  const authority = createCertificateAuthority();
  const certificate = createCertificate(authority, { identity });
  const signed = protobufBytes(certificate, 4) as Uint8Array;
  const signature = protobufBytes(certificate, 6) as Uint8Array;
  const key = createPublicKey(createPrivateKey(authority.privateKey));
  expect(verify(null, signed, key, signature)).toBe(true);
  expect(Buffer.from(protobufBytes(signed, 12) as Uint8Array).toString()).toBe("steamid:76561197960265729");
  const bare = withoutPrivateKey(certificate) as Uint8Array;
  expect(protobufBytes(certificate, 1)?.length).toBe(32);
  expect(protobufBytes(bare, 1)).toBeUndefined();
  expect(protobufBytes(bare, 4)).toEqual(signed);
  expect(Buffer.from(bare).includes(Buffer.from(protobufBytes(certificate, 1) as Uint8Array))).toBe(false);
  expect(withoutPrivateKey(bare)).toBeNull();
});

test("arguments", () => {
  const authority = createCertificateAuthority();
  expect(() => createCertificateAuthority({ validDays: 0 })).toThrow(outOfRange);
  expect(() => createCertificateAuthority({ validDays: 1.5 })).toThrow(outOfRange);
  expect(() => createCertificateAuthority(null as never)).toThrow(wrongType);
  expect(() => createCertificate(null as never, { identity })).toThrow(wrongType);
  expect(() => createCertificate(authority, {} as never)).toThrow(wrongType);
  expect(() => createCertificate(authority, { identity: new NetworkingIdentity() })).toThrow(outOfRange);
  const address = new NetworkingIdentity();
  address.setIPAddress(addressOf("1.2.3.4", 5));
  expect(() => createCertificate(authority, { identity: address })).toThrow(outOfRange);
  expect(() => signCertificate(authority, new Uint8Array(0), { identity })).toThrow(outOfRange);
  expect(() => signCertificate(authority, new Uint8Array(50).fill(7), { identity })).toThrow(outOfRange);
  expect(() => signCertificate(authority, "x" as never, { identity })).toThrow(wrongType);
  expect(() => Library.addCertificateAuthority(authority.certificate)).toThrow(
    expect.objectContaining({ code: "ERR_NOT_INITIALIZED" }),
  );
});

test("authorities: none, broken, not self-signed, or expired", () => {
  Library.initialize();
  const sockets = new NetworkingSockets();
  const authority = createCertificateAuthority();
  const bytes = Buffer.from(authority.certificate, "base64");
  for (const text of ["", "x", "AAAA", authority.privateKey]) {
    expect(() => Library.addCertificateAuthority(text)).toThrow(outOfRange);
  }
  expect(() => Library.addCertificateAuthority(1 as never)).toThrow(wrongType);
  const broken = Buffer.from(bytes);
  broken[bytes.length - 1] = (broken[bytes.length - 1] as number) ^ 1;
  expect(() => Library.addCertificateAuthority(broken.toString("base64"))).toThrow(failed);
  // A certificate for an identity is no authority, though an authority has signed it.
  Library.addCertificateAuthority(authority.certificate);
  Library.addCertificateAuthority(authority.certificate);
  const leaf = Buffer.from(createCertificate(authority, { identity })).toString("base64");
  expect(() => Library.addCertificateAuthority(leaf)).toThrow(failed);

  vi.useFakeTimers({ now: Date.now() - 3 * 86_400_000, toFake: ["Date"] });
  const old = createCertificateAuthority({ validDays: 2 });
  const over = createCertificate(authority, { identity, validDays: 2 });
  vi.useRealTimers();
  expect(() => Library.addCertificateAuthority(old.certificate)).toThrow(failed);
  expect(() => sockets.setCertificate(over)).toThrow(failed);
  sockets.destroy();
  Library.deinitialize();
});
