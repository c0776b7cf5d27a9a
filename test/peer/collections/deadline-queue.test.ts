import { expect, test } from "vitest";
import { DeadlineQueue } from "../../../lib/peer/collections/deadline-queue.js";
import { seededRandom } from "../../../lib/testing/index.js";

const random = seededRandom(16);
const below = (limit: number) => Math.floor(random() * limit);

class Item {
  queuePlace = -1;
  deadlineMs = Number.NaN;
  nextMs = 0;

  updateDeadline(): void {
    this.deadlineMs = this.nextMs;
  }
}

test("takes out what is due in order, whether one deadline has moved or many", () => {
  const queue = new DeadlineQueue<Item>();
  const items = Array.from({ length: 100 }, () => new Item());
  const queued = new Set<Item>();
  const earliest = () => Math.min(Number.POSITIVE_INFINITY, ...[...queued].map(({ nextMs }) => nextMs));
  for (let round = 0; round < 2000; round++) {
    const areMany = round % 3 === 0;
    for (let count = areMany ? below(100) : 1; count > 0; count--) {
      const item = items[below(items.length)] as Item;
      item.nextMs = random() < 0.05 ? Number.POSITIVE_INFINITY : below(10_000);
      if (areMany) queue.note(item);
      else queue.update(item);
      queued.add(item);
      // In the middle of many others leave.
      if (random() > 0.2) continue;
      const leaving = items[below(items.length)] as Item;
      queue.remove(leaving);
      queued.delete(leaving);
      expect(leaving.queuePlace).toBe(-1);
    }
    expect(queue.size).toBe(queued.size);
    expect(queue.nextDeadlineMs).toBe(earliest());
    if (round % 5 !== 0) continue;
    const nowMs = below(3000);
    let before = 0;
    for (let due = queue.takeDue(nowMs); due; due = queue.takeDue(nowMs)) {
      expect(due.nextMs).toBeGreaterThanOrEqual(before);
      before = due.nextMs;
      queued.delete(due);
    }
    expect(earliest()).toBeGreaterThan(nowMs);
  }
});
