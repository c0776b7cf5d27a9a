import { NetworkError } from "../../network-error.js";
import { layoutHashOf, NetworkReader, NetworkWriter, string } from "../../serialization/index.js";
import { readFullState, writeFullState } from "../behaviour/identity-state.js";
import type { Member } from "../behaviour/member.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { Layouts } from "../wire/layouts.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import { readStaticName, writeStaticName } from "../wire/object-messages.js";
import type { ServerObject } from "./server-object.js";

/** The first bytes of a saved world, and the version of what follows. */
const MAGIC = 0x424f5356;
const VERSION = 1;
/** Of a world with optional prefabs or members: these can be left out. */
const OPTIONAL_VERSION = 2;
const MAX_BYTES = 2 ** 27;

const prefabName = string(64);
/** Of a member: its behaviour's name and its own. */
const memberName = string(600);
const keyText = string(128);

/** The longest key of an owner. */
export const MAX_OWNER_KEY = 128;

/** An object as it was saved. */
export interface SavedObject {
  readonly layout: ObjectLayout;
  readonly netId: number;
  readonly staticName: string | null;
  /** Of the player that owned it; null: nobody did, or nobody with a key. */
  readonly ownerKey: string | null;
  readonly isCharacter: boolean;
  readonly values: readonly MemberValues[];
}

/** A member of an object that may be missing. */
interface OptionalMember {
  readonly behaviour: number;
  readonly bit: number;
  readonly name: string;
  readonly hash: number;
}

/** A prefab of a saved world. */
interface SavedPrefab {
  /** Null: it is optional, and there is no such prefab any more. */
  readonly layout: ObjectLayout | null;
  /** Null: there is no such member any more. */
  readonly optional: readonly (OptionalMember | null)[];
}

const contentOf = ({ kind, codec }: Member) => `${kind} ${codec.layout}`;

/**
 * What the members of a prefab consist of, but for optional ones. Who gets them and how they travel may change between
 * two versions.
 */
function hashOf({ prefab, definitions }: ObjectLayout): number {
  const parts = definitions.map(({ members }, index) => {
    const needed = members.filter(({ isOptional }) => !isOptional);
    return `${prefab.parts[index]}{${needed.map((member) => `${member.name}:${contentOf(member)}`)}}`;
  });
  return layoutHashOf(parts.join());
}

const optionalOf = ({ prefab, definitions }: ObjectLayout): OptionalMember[] =>
  definitions.flatMap(({ members }, behaviour) =>
    members
      .filter(({ isOptional }) => isOptional)
      .map((member) => ({
        behaviour,
        bit: member.bit,
        name: `${prefab.parts[behaviour]}.${member.name}`,
        hash: layoutHashOf(contentOf(member)),
      })),
  );

const masksOf = ({ definitions }: ObjectLayout) => definitions.map(({ neededMask }) => neededMask);

/** Writes what `write` writes, with its length in bits in front. */
function writeSection(writer: NetworkWriter, write: (section: NetworkWriter) => void): void {
  const section = new NetworkWriter({ maxBytes: MAX_BYTES });
  write(section);
  writer.writePacked(section.bitLength);
  writer.copyFrom(section, 0, section.bitLength);
}

/** Is behind a section then. @param read null: nobody wants it */
function readSection(reader: NetworkReader, read: (() => void) | null): void {
  const outer = reader.enter(reader.readPacked());
  read?.();
  reader.leave(outer);
}

/** @param ownerOf the key of the object's owner, and whether it is that player's character */
export function writeWorld(
  objects: readonly ServerObject[],
  ownerOf: (object: ServerObject) => { key: string | null; isCharacter: boolean },
): Uint8Array {
  const writer = new NetworkWriter({ sizeBytes: 4096, maxBytes: MAX_BYTES });
  const layouts = [...new Set(objects.map(({ layout }) => layout))];
  const hasOptional = layouts.some((layout) => layout.prefab.isOptional || optionalOf(layout).length > 0);
  writer.writeUint32(MAGIC);
  writer.writeUint8(hasOptional ? OPTIONAL_VERSION : VERSION);
  writer.writePacked(layouts.length);
  for (const layout of layouts) {
    prefabName.write(writer, layout.prefab.name);
    writer.writeUint32(hashOf(layout));
    if (hasOptional) writeOptional(writer, layout);
  }
  writer.writePacked(objects.length);
  for (const object of objects) {
    const { key, isCharacter } = ownerOf(object);
    writer.writePacked(layouts.indexOf(object.layout));
    writer.writeUint32(object.netId);
    writeStaticName(writer, object.staticName);
    writer.writeBoolean(key !== null);
    if (key !== null) keyText.write(writer, key);
    writer.writeBoolean(isCharacter);
    const write = (to: NetworkWriter) => writeFullState(to, object.values, masksOf(object.layout));
    if (!hasOptional) {
      write(writer);
      continue;
    }
    writeSection(writer, write);
    for (const { behaviour, bit } of optionalOf(object.layout)) {
      writeSection(writer, (section) => object.values[behaviour]?.write(section, bit));
    }
  }
  return writer.toBytes();
}

function writeOptional(writer: NetworkWriter, layout: ObjectLayout): void {
  writer.writeBoolean(layout.prefab.isOptional);
  const optional = optionalOf(layout);
  writer.writePacked(optional.length);
  for (const { name, hash } of optional) {
    memberName.write(writer, name);
    writer.writeUint32(hash);
  }
}

function bad(text: string): NetworkError {
  return new NetworkError("ERR_BAD_VALUE", `This is no world that can be loaded: ${text}`);
}

/** @throws NetworkError `ERR_BAD_VALUE` and what reading throws; the bytes may be anything */
export function readWorld(bytes: Uint8Array, layouts: Layouts): SavedObject[] {
  const reader = new NetworkReader(bytes);
  if (reader.readUint32() !== MAGIC) throw bad("it does not begin as one");
  const version = reader.readUint8();
  const hasOptional = version === OPTIONAL_VERSION;
  if (version !== VERSION && !hasOptional) {
    throw bad(`its version is ${version}, and this one reads ${VERSION} and ${OPTIONAL_VERSION}`);
  }
  const prefabs = reader.readPacked();
  if (prefabs > layouts.all.length && !hasOptional) {
    throw bad(`it has ${prefabs} prefabs, and the manager ${layouts.all.length}`);
  }
  // Each has its hash at least.
  reader.require(Math.min(prefabs, 2 ** 30) * 32);
  const known = Array.from({ length: prefabs }, () => readPrefab(reader, layouts, hasOptional));
  const count = reader.readPacked();
  // Each has its number at least.
  reader.require(Math.min(count, 2 ** 30) * 32);
  const objects: SavedObject[] = [];
  const netIds = new Set<number>();
  const statics = new Set<string>();
  for (let index = 0; index < count; index++) {
    const object = readObject(reader, known, hasOptional);
    if (!object) continue;
    const { netId, staticName } = object;
    if (netId === 0 || netIds.has(netId)) throw bad(`two objects have the number ${netId}`);
    if (staticName !== null && statics.has(staticName)) throw bad("two static objects have one name");
    netIds.add(netId);
    if (staticName !== null) statics.add(staticName);
    objects.push(object);
  }
  reader.finish();
  return objects;
}

function readPrefab(reader: NetworkReader, layouts: Layouts, hasOptional: boolean): SavedPrefab {
  const name = prefabName.read(reader);
  const hash = reader.readUint32();
  const isOptional = hasOptional && reader.readBoolean();
  const layout = layouts.all.find(({ prefab }) => prefab.name === name) ?? null;
  if (!layout && !isOptional) throw bad(`the manager has no prefab ${JSON.stringify(name)}`);
  if (layout && hashOf(layout) !== hash) throw bad(`the members of ${name} were others`);
  return { layout, optional: hasOptional ? readOptional(reader, layout) : [] };
}

function readOptional(reader: NetworkReader, layout: ObjectLayout | null): (OptionalMember | null)[] {
  const known = layout ? optionalOf(layout) : [];
  const count = reader.readPacked();
  reader.require(Math.min(count, 2 ** 30) * 32);
  const names = new Set<string>();
  return Array.from({ length: count }, () => {
    const name = memberName.read(reader);
    const hash = reader.readUint32();
    if (names.has(name)) throw bad(`it has the member ${name} twice`);
    names.add(name);
    const member = known.find((one) => one.name === name) ?? null;
    if (member && member.hash !== hash) throw bad(`the member ${name} of ${layout?.prefab.name} was another`);
    return member;
  });
}

/** Null: its prefab is gone. */
function readObject(reader: NetworkReader, known: readonly SavedPrefab[], hasOptional: boolean): SavedObject | null {
  const prefab = known[reader.readPacked()];
  if (!prefab) throw bad("an object has no prefab");
  const { layout, optional } = prefab;
  const netId = reader.readUint32();
  const staticName = readStaticName(reader);
  if (staticName === "") throw bad("a static object has no name");
  const ownerKey = reader.readBoolean() ? keyText.read(reader) : null;
  const isCharacter = reader.readBoolean();
  // What is missing is as in a new object.
  const values = layout?.definitions.map((definition) => new definition.Values(definition)) ?? [];
  if (layout) layout.reset(values);
  const read = () => layout && readFullState(reader, values, masksOf(layout));
  if (!hasOptional) read();
  else {
    readSection(reader, layout && read);
    for (const member of optional) {
      readSection(reader, member && (() => values[member.behaviour]?.read(reader, member.bit)));
    }
  }
  return layout && { layout, netId, staticName, ownerKey, isCharacter, values };
}
