import { describe, expect, it } from "vitest";
import { Prefetch } from "../src/engine/prefetch.ts";
import { settled } from "./samples.ts";

/** A series whose images come one by one, in the order in which they were asked for. */
function series(total: number, limit = total, isFinal?: (error: unknown) => boolean) {
  const asked: number[] = [];
  const open: { index: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  let reports = 0;
  const load = (index: number) =>
    new Promise<void>((resolve, reject) => {
      asked.push(index);
      open.push({ index, resolve, reject });
    });
  const prefetch = new Prefetch(total, limit, load, () => (reports += 1), isFinal);
  const come = async () => {
    open.shift()?.resolve();
    await settled();
  };
  const fail = async () => {
    open.shift()?.reject(new Error("broken"));
    await settled();
  };
  return { prefetch, asked, come, fail, reports: () => reports, waiting: () => open.length };
}

describe("prefetch", () => {
  it("asks for four at a time, from where the reader is outwards", async () => {
    const { prefetch, asked, come, waiting } = series(9);
    prefetch.start(4);
    expect(asked).toEqual([4, 5, 3, 6]);
    await come();
    expect(asked).toEqual([4, 5, 3, 6, 2]);
    expect(waiting()).toBe(4);
  });

  it("follows the reader", async () => {
    const { prefetch, asked, come } = series(100);
    prefetch.start(0);
    prefetch.moveTo(80);
    await come();
    await come();
    expect(asked.slice(4)).toEqual([80, 81]);
  });

  it("gets everything, each image once, and says so", async () => {
    const { prefetch, asked, come } = series(7);
    prefetch.start(3);
    for (let image = 0; image < 7; image += 1) await come();
    expect([...asked].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(prefetch.progress.loaded.size).toBe(7);
  });

  it("goes on after an image that failed", async () => {
    const { prefetch, come, fail } = series(3);
    prefetch.start(0);
    await fail();
    await come();
    await come();
    expect([...prefetch.progress.failed]).toEqual([0]);
    expect(prefetch.progress.loaded.size).toBe(2);
  });

  it("stops after a failure that every image would share", async () => {
    const { prefetch, asked, fail } = series(50, 50, () => true);
    prefetch.start(0);
    await fail();
    await fail();
    expect(asked).toHaveLength(4);
  });

  it("keeps to the memory that there is", async () => {
    const { prefetch, asked, come } = series(50, 6);
    prefetch.start(10);
    for (let image = 0; image < 10; image += 1) await come();
    expect(asked).toHaveLength(6);
  });

  it("is silent once stopped", async () => {
    const { prefetch, come, reports } = series(9);
    prefetch.start(0);
    prefetch.stop();
    await come();
    expect(reports()).toBe(0);
  });

  it("counts an image that the reader asked for, once", () => {
    const { prefetch, reports } = series(9);
    prefetch.note(2, true);
    prefetch.note(2, true);
    expect([...prefetch.progress.loaded]).toEqual([2]);
    expect(reports()).toBe(1);
  });
});
