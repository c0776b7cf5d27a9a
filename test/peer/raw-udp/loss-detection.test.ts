import { expect, test } from "vitest";
import { MAX_ACK_DELAY_MS, MAX_UNRELIABLE_ACK_DELAY_MS } from "../../../lib/peer/delivery/received-packets.js";
import { RoundTripEstimator } from "../../../lib/peer/delivery/round-trip-estimator.js";
import { ConnectionMetrics } from "../../../lib/peer/metrics.js";
import { LossDetection } from "../../../lib/peer/raw-udp/loss-detection.js";
import { SentPackets } from "../../../lib/peer/raw-udp/sent-packets.js";

const ROUND_TRIP_MS = 40;

/** A sender whose packets with notify messages meet `lost` losses, and the times between its probes after that. */
function probeIntervals(lost: boolean): number[] {
  const packets = new SentPackets(0);
  const roundTrip = new RoundTripEstimator(new ConnectionMetrics());
  const loss = new LossDetection(packets, roundTrip);
  const send = (nowMs: number) => {
    const index = packets.begin();
    packets.onSent(index, 100, nowMs);
    loss.onPacketSent(true, nowMs);
    return packets.next - 1;
  };
  const acknowledge = (number: number) => {
    packets.onAcknowledged(packets.index(number));
    loss.onPacketAcknowledged(number);
  };
  roundTrip.latestMs = ROUND_TRIP_MS;
  for (let count = 0; count < 100; count++) roundTrip.sample();
  const first = send(0);
  acknowledge(send(0));
  if (!lost) acknowledge(first);
  for (let number = loss.detectLost(1000); number >= 0; number = loss.detectLost(1000)) {
    packets.onLost(packets.index(number));
  }
  send(1000);
  const times = [1000];
  while (times.length < 12) {
    loss.updateDeadline();
    const nowMs = loss.deadlineMs;
    expect(loss.isProbeDue(nowMs)).toBe(true);
    times.push(nowMs);
  }
  return times.slice(1).map((time, index) => Math.round(time - (times[index] as number)));
}

test("probe timeouts double where nothing was lost, up to 2 s", () => {
  const [first, ...rest] = probeIntervals(false);
  expect(first).toBeLessThan(2 * ROUND_TRIP_MS + 130);
  expect(rest.slice(0, 3)).toEqual([2, 4, 8].map((factor) => factor * (first as number)));
  expect(rest.at(-1)).toBe(2000);
});

test("a path that loses packets is probed six times more before they double", () => {
  const intervals = probeIntervals(true);
  const first = intervals[0] as number;
  expect(first).toBeLessThan(2 * ROUND_TRIP_MS + 30);
  expect(intervals.slice(0, 7)).toEqual(Array(7).fill(first));
  expect(intervals.slice(7, 9)).toEqual([2 * first, 4 * first]);
});

test("waits longer for the acknowledgement of unreliable messages, while nothing else is in flight", () => {
  const packets = new SentPackets(0);
  const loss = new LossDetection(packets, new RoundTripEstimator(new ConnectionMetrics()));
  const send = (isUnreliable: boolean, nowMs: number) => {
    packets.onSent(packets.begin(), 100, nowMs);
    loss.onPacketSent(isUnreliable, nowMs);
    loss.updateDeadline();
    return loss.deadlineMs - nowMs;
  };
  const patient = send(true, 1000);
  expect(send(true, 1010)).toBe(patient);
  send(false, 1020);
  const usual = send(true, 1030);
  expect(usual).toBe(patient - MAX_UNRELIABLE_ACK_DELAY_MS + MAX_ACK_DELAY_MS);
  for (let number = 0; number < 3; number++) {
    packets.onAcknowledged(packets.index(number));
    loss.onPacketAcknowledged(number);
  }
  expect(send(true, 1040)).toBe(patient);
});
