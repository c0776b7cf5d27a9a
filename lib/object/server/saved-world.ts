import { NetworkError } from "../../network-error.js";
import { layoutHashOf, NetworkReader, NetworkWriter, string } from "../../serialization/index.js";
import { readFullState, writeFullState } from "../behaviour/identity-state.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { Layouts } from "../wire/layouts.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import { readStaticName, writeStaticName } from "../wire/object-messages.js";
import type { ServerObject } from "./server-object.js";

/** The first bytes of a saved world, and the version of what follows. */
const MAGIC = 0x424f5356;
const VERSION = 1;
const MAX_BYTES = 2 ** 27;

const prefabName = string(64);
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

/** What the members of a prefab consist of. Who gets them and how they travel may change between two versions. */
function hashOf({ prefab, definitions }: ObjectLayout): number {
  const parts = definitions.map(({ members }, index) => {
    return `${prefab.parts[index]}{${members.map(({ name, kind, codec }) => `${name}:${kind} ${codec.layout}`)}}`;
  });
  return layoutHashOf(parts.join());
}

const masksOf = ({ definitions }: ObjectLayout) => definitions.map(({ allMask }) => allMask);

/** @param ownerOf the key of the object's owner, and whether it is that player's character */
export function writeWorld(
  objects: readonly ServerObject[],
  ownerOf: (object: ServerObject) => { key: string | null; isCharacter: boolean },
): Uint8Array {
  const writer = new NetworkWriter({ sizeBytes: 4096, maxBytes: MAX_BYTES });
  const layouts = [...new Set(objects.map(({ layout }) => layout))];
  writer.writeUint32(MAGIC);
  writer.writeUint8(VERSION);
  writer.writePacked(layouts.length);
  for (const layout of layouts) {
    prefabName.write(writer, layout.prefab.name);
    writer.writeUint32(hashOf(layout));
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
    writeFullState(writer, object.values, masksOf(object.layout));
  }
  return writer.toBytes();
}

function bad(text: string): NetworkError {
  return new NetworkError("ERR_BAD_VALUE", `This is no world that can be loaded: ${text}`);
}

/** @throws NetworkError `ERR_BAD_VALUE` and what reading throws; the bytes may be anything */
export function readWorld(bytes: Uint8Array, layouts: Layouts): SavedObject[] {
  const reader = new NetworkReader(bytes);
  if (reader.readUint32() !== MAGIC) throw bad("it does not begin as one");
  const version = reader.readUint8();
  if (version !== VERSION) throw bad(`its version is ${version}, and this one reads ${VERSION}`);
  const prefabs = reader.readPacked();
  if (prefabs > layouts.all.length) throw bad(`it has ${prefabs} prefabs, and the manager ${layouts.all.length}`);
  const known = Array.from({ length: prefabs }, () => readLayout(reader, layouts));
  const count = reader.readPacked();
  // Each has its number at least.
  reader.require(Math.min(count, 2 ** 30) * 32);
  const objects: SavedObject[] = [];
  const netIds = new Set<number>();
  const statics = new Set<string>();
  for (let index = 0; index < count; index++) {
    const object = readObject(reader, known);
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

function readLayout(reader: NetworkReader, layouts: Layouts): ObjectLayout {
  const name = prefabName.read(reader);
  const hash = reader.readUint32();
  const layout = layouts.all.find(({ prefab }) => prefab.name === name);
  if (!layout) throw bad(`the manager has no prefab ${JSON.stringify(name)}`);
  if (hashOf(layout) !== hash) throw bad(`the members of ${name} were others`);
  return layout;
}

function readObject(reader: NetworkReader, known: readonly ObjectLayout[]): SavedObject {
  const layout = known[reader.readPacked()];
  if (!layout) throw bad("an object has no prefab");
  const netId = reader.readUint32();
  const staticName = readStaticName(reader);
  if (staticName === "") throw bad("a static object has no name");
  const ownerKey = reader.readBoolean() ? keyText.read(reader) : null;
  const isCharacter = reader.readBoolean();
  const values = layout.definitions.map((definition) => new definition.Values(definition));
  readFullState(reader, values, masksOf(layout));
  return { layout, netId, staticName, ownerKey, isCharacter, values };
}
