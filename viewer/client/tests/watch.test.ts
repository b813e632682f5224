import { describe, expect, it } from "vitest";
import { Refused, Unreachable } from "../src/http/failures.ts";
import type { Clock } from "../src/http/gate.ts";
import { isEndOfAccess, WATCH_EVERY, Watch } from "../src/http/watch.ts";

class TestClock implements Clock {
  private time = 0;
  private due: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const entry = { at: this.time + milliseconds, callback };
    this.due.push(entry);
    return () => {
      this.due = this.due.filter((one) => one !== entry);
    };
  }

  async pass(milliseconds: number): Promise<void> {
    this.time += milliseconds;
    const now = this.due.filter(({ at }) => at <= this.time);
    this.due = this.due.filter(({ at }) => at > this.time);
    for (const { callback } of now) callback();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

function watched(answers: (Error | null)[]) {
  const clock = new TestClock();
  const seen = { asked: 0, ended: [] as unknown[] };
  const watch = new Watch(
    () => {
      const answer = answers[seen.asked] ?? null;
      seen.asked += 1;
      return answer ? Promise.reject(answer) : Promise.resolve();
    },
    (error) => seen.ended.push(error),
    clock,
  );
  watch.start();
  return { clock, seen, watch };
}

describe("the watch over the access", () => {
  it("asks within half a minute, and goes on while the study is open", async () => {
    expect(WATCH_EVERY).toBeLessThanOrEqual(30_000);
    const { clock, seen } = watched([]);
    await clock.pass(WATCH_EVERY);
    await clock.pass(WATCH_EVERY);
    expect(seen).toEqual({ asked: 2, ended: [] });
  });

  it("says once that access ended, and asks no more", async () => {
    const refusal = new Refused(401, "token_revoked", "");
    const { clock, seen } = watched([null, refusal, refusal]);
    for (let round = 0; round < 4; round += 1) await clock.pass(WATCH_EVERY);
    expect(seen).toEqual({ asked: 2, ended: [refusal] });
  });

  it("keeps watching while a server is away or the reader is signed out", async () => {
    const { clock, seen } = watched([new Unreachable(""), new Refused(401, "not_signed_in", "")]);
    for (let round = 0; round < 3; round += 1) await clock.pass(WATCH_EVERY);
    expect(seen).toEqual({ asked: 3, ended: [] });
  });

  it("does not begin again after it was stopped in the middle of a question", async () => {
    const { clock, seen, watch } = watched([]);
    const asked = clock.pass(WATCH_EVERY);
    watch.stop();
    await asked;
    await clock.pass(WATCH_EVERY);
    expect(seen.asked).toBe(1);
  });

  it("tells the end of access from other refusals", () => {
    expect(isEndOfAccess(new Refused(404, "not_found", ""))).toBe(true);
    expect(isEndOfAccess(new Refused(503, "unavailable", ""))).toBe(false);
    expect(isEndOfAccess(new Error("no"))).toBe(false);
  });
});
