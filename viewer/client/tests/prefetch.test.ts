import { describe, expect, it } from "vitest";
import { Prefetch } from "../src/engine/prefetch.ts";
import { Traffic } from "../src/engine/traffic.ts";
import { settled } from "./samples.ts";

interface Asked {
  readonly indices: readonly number[];
  readonly signal: AbortSignal;
  come(index: number, error?: unknown): void;
  end(error?: unknown): void;
}

/** A series whose bundles come when the test says so. */
function series(
  total: number,
  limit = total,
  isFinal?: (error: unknown) => boolean,
  traffic = new Traffic(),
) {
  const asked: Asked[] = [];
  let reports = 0;
  const load = (indices: readonly number[], signal: AbortSignal, come: Asked["come"]) =>
    new Promise<void>((resolve, reject) => {
      const end = (error?: unknown) => (error === undefined ? resolve() : reject(error));
      asked.push({ indices, signal, come, end });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const hooks = { onProgress: () => (reports += 1), ...(isFinal ? { isFinal } : {}) };
  const prefetch = new Prefetch(total, () => limit, load, hooks, traffic);
  /** All of the oldest bundle comes. */
  const come = async () => {
    const bundle = asked.find(({ indices }) => indices.some((index) => !prefetch.progress.loaded.has(index)));
    for (const index of bundle?.indices ?? []) bundle?.come(index);
    bundle?.end();
    await settled();
  };
  return { prefetch, asked, come, reports: () => reports, traffic };
}

const indicesOf = (asked: readonly Asked[]) => asked.map(({ indices }) => [...indices]);

describe("prefetch", () => {
  it("asks for bundles, from where the reader is outwards", () => {
    const { prefetch, asked } = series(100);
    prefetch.start(50);
    expect(indicesOf(asked)).toEqual([
      [50, 51, 49, 52],
      [48, 53, 47, 54],
      [46, 55, 45, 56],
    ]);
  });

  it("follows the reader", async () => {
    const { prefetch, asked, come } = series(100);
    prefetch.start(0);
    prefetch.moveTo(80);
    await come();
    expect(asked[3]?.indices[0]).toBe(80);
  });

  it("gets everything, each image once, and says so", async () => {
    const { prefetch, asked, come, reports } = series(30);
    prefetch.start(3);
    for (let bundle = 0; bundle < 30; bundle += 1) await come();
    expect(
      indicesOf(asked)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(prefetch.progress.loaded.size).toBe(30);
    expect(reports()).toBeGreaterThan(0);
  });

  it("goes on after an image that failed", async () => {
    const { prefetch, asked } = series(3);
    prefetch.start(0);
    asked[0]?.come(0, new Error("broken"));
    asked[0]?.come(1);
    asked[0]?.come(2);
    asked[0]?.end();
    await settled();
    expect([...prefetch.progress.failed]).toEqual([0]);
    expect([...prefetch.progress.loaded]).toEqual([1, 2]);
  });

  it("counts what a failed bundle did not bring as failed", async () => {
    const { prefetch, asked } = series(3);
    prefetch.start(0);
    asked[0]?.come(0);
    asked[0]?.end(new Error("broken"));
    await settled();
    expect([...prefetch.progress.loaded]).toEqual([0]);
    expect([...prefetch.progress.failed]).toEqual([1, 2]);
  });

  it("stops after a failure that every image would share", async () => {
    const { prefetch, asked } = series(50, 50, () => true);
    prefetch.start(0);
    asked[0]?.end(new Error("refused"));
    await settled();
    expect(asked).toHaveLength(3);
    expect(asked[1]?.signal.aborted).toBe(true);
  });

  it("keeps to the memory that there is", async () => {
    const { prefetch, asked, come } = series(50, 6);
    prefetch.start(10);
    for (let bundle = 0; bundle < 10; bundle += 1) await come();
    expect(indicesOf(asked).flat()).toHaveLength(6);
  });

  it("gives way to a reader who waits, and asks again for what had not come", async () => {
    const { prefetch, asked, traffic } = series(4, 4, undefined, new Traffic(4, 5));
    prefetch.start(0);
    asked[0]?.come(0);
    let arrive = () => {};
    const image = traffic.first(() => new Promise<void>((resolve) => (arrive = resolve)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked[0]?.signal.aborted).toBe(true);
    expect(asked).toHaveLength(1);
    arrive();
    await image;
    await settled();
    expect(indicesOf(asked)[1]).toEqual([1, 2, 3]);
    expect([...prefetch.progress.failed]).toEqual([]);
  });

  it("takes an image that the reader fetched as loaded, also where it failed before", async () => {
    const { prefetch, asked } = series(9);
    prefetch.note(3, false);
    prefetch.note(3, true);
    prefetch.start(3);
    expect(asked[0]?.indices).toEqual([4, 2, 5, 1]);
    expect([...prefetch.progress.failed]).toEqual([]);
  });

  it("is silent once stopped, and lets its lanes go", async () => {
    const { prefetch, asked, reports, traffic } = series(9);
    prefetch.start(0);
    prefetch.stop();
    asked[0]?.come(0);
    await settled();
    expect(reports()).toBe(0);
    expect(traffic.taken).toBe(0);
  });
});
