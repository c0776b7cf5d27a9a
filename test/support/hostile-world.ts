import {
  clientRpc,
  definePrefab,
  linear,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type Prefab,
  serverRpc,
  syncList,
  syncMap,
  syncRef,
  syncSet,
} from "../../lib/object/index.js";
import { float32, string, u8, u16, vec2 } from "../../lib/serialization/index.js";
import type { MemorySocketKind } from "../../lib/socket/index.js";
import { type AnyCraft, CraftPrefab, CraftWorld } from "./craft-world.js";
import type { ObjectEnd } from "./object-world.js";

export class ChestParts extends NetworkBehaviour {
  calls = 0;
  async put(item: number): Promise<number> {
    this.calls++;
    return item % 200;
  }
  async wait(): Promise<void> {
    this.calls++;
  }
  wave(number: number): void {
    this.calls += number;
  }
  async ask(text: string): Promise<number> {
    return text.length;
  }
  told(number: number): void {
    this.calls += number;
  }
}

/** A behaviour with members and calls of every kind. */
export const Chest = networked(
  ChestParts,
  {
    label: [string(8), { from: "owner" }],
    price: [u16, { from: "both" }],
    gold: u16,
    secret: [u16, { to: "owner" }],
    items: syncList(u16, 40),
    wishes: syncList(u16, 40, { from: "both" }),
    offers: syncMap(u8, u16, 20, { from: "owner" }),
    tags: syncSet(string(4), 20, { from: "owner" }),
    target: syncRef(() => ChestParts, { from: "owner" }),
    aim: [vec2(float32), { delivery: "latest", from: "owner" }],
    place: [vec2(u16), { delivery: "latest", interpolate: linear }],
  },
  {
    put: serverRpc([u16], { returns: u8, anyone: true, rateLimit: { perSecond: 50, burst: 50 } }),
    wait: serverRpc([]),
    wave: serverRpc([u8], { unordered: true }),
    ask: clientRpc([string(8)], { returns: u8, to: "owner" }),
    told: clientRpc([u16], { unordered: true }),
  },
);
export const ChestPrefab: Prefab<{ chest: typeof Chest }> = definePrefab("chest", { chest: Chest });
export type AnyChest = InstanceType<typeof Chest>;

export interface HostileEnd extends ObjectEnd {
  /** Of the server. */
  readonly chest: AnyChest;
}

/** A server whose players own chests and crafts, and use all that objects offer. */
export class HostileWorld extends CraftWorld {
  #turn = 0;

  constructor(kind: MemorySocketKind, maxTokens?: number) {
    super({ kind, prefabs: [ChestPrefab, CraftPrefab], ...(maxTokens && { errorBudget: { maxTokens } }) });
  }

  async enterOwner(disconnectOnError?: boolean): Promise<HostileEnd> {
    const end = await this.enter(() => {}, disconnectOnError === undefined ? {} : { disconnectOnError });
    const { chest } = this.objects.spawn(ChestPrefab, { owner: end.player });
    const craft = this.objects.spawn(CraftPrefab, { owner: end.player });
    await this.until(() => end.world.get(craft.identity.netId) !== null);
    const own = end.world.get(craft.identity.netId)?.behaviours.craft as AnyCraft;
    this.flying.control(own, () => ({ forward: 0.5, turn: 3, light: (this.#turn & 8) === 0 }));
    return { ...end, chest };
  }

  /** What an honest client does with its chest, and the server with it. */
  use({ world, chest }: HostileEnd): void {
    const turn = ++this.#turn;
    const own = world.get(chest.identity.netId)?.behaviours.chest as AnyChest | undefined;
    chest.gold = turn % 60_000;
    chest.secret = turn % 50_000;
    chest.place.x = turn % 60_000;
    if (chest.items.length > 30) chest.items.clear();
    else chest.items.push(turn % 999);
    chest.told(turn % 999);
    if (!own?.identity.isOwner) return;
    own.label = `l${turn % 999}`;
    own.price = turn % 60_000;
    if (own.wishes.length > 30) own.wishes.clear();
    else own.wishes.push(turn % 999);
    own.offers.set(turn % 20, turn % 999);
    own.tags[turn % 3 === 0 ? "delete" : "add"](`t${turn % 19}`);
    own.target.value = turn % 2 === 0 ? own : null;
    own.aim = { x: turn, y: -turn };
    own.put(turn % 999).catch(() => {});
    own.wait();
    own.wave(turn % 200);
    chest.ask("four").catch(() => {});
  }
}

const plain = (value: unknown): unknown => {
  if (value instanceof NetworkBehaviour) return value.identity.netId;
  if (typeof value !== "object" || value === null) return value;
  if (Symbol.iterator in value) return [...(value as Iterable<unknown>)].map((one) => plain(one));
  return { ...value };
};

/** All that everyone may know of these objects. Crafts are never at rest. */
export function contentOf(identities: readonly NetworkIdentity[]) {
  return [...identities]
    .sort((a, b) => a.netId - b.netId)
    .map(({ netId, behaviours }) => {
      const { chest } = behaviours as { chest?: AnyChest };
      if (!chest) return { netId };
      const { label, price, gold, items, wishes, offers, tags, target, aim, place } = chest;
      const sorted = [...plainList(offers), ...plainList(tags)].map((one) => JSON.stringify(one)).sort();
      const lists = { items: plain(items), wishes: plain(wishes), sorted };
      return { netId, label, price, gold, ...lists, target: plain(target.value), aim: plain(aim), place: plain(place) };
    });
}

const plainList = (value: Iterable<unknown>) => [...value].map((one) => plain(one));
