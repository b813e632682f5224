import { describe, expect, it, vi } from "vitest";
import { Traffic } from "../src/engine/traffic.ts";

const never = () => {};

describe("the way to the servers", () => {
  it("has so many lanes for what is loaded ahead", () => {
    const traffic = new Traffic(2, 10);
    const first = traffic.take(never);
    expect(traffic.take(never)).not.toBeNull();
    expect(traffic.take(never)).toBeNull();
    if (first) traffic.release(first);
    expect(traffic.taken).toBe(1);
  });

  it("wakes whoever waited longest when a lane is free", () => {
    const traffic = new Traffic(1, 10);
    const lane = traffic.take(never);
    const woken: string[] = [];
    expect(traffic.take(() => woken.push("first"))).toBeNull();
    const again = () => {
      woken.push("second");
      traffic.take(never);
    };
    expect(traffic.take(again)).toBeNull();
    if (lane) traffic.release(lane);
    expect(woken).toEqual(["first", "second"]);
  });

  it("lets nothing begin while a reader waits, and goes on afterwards", async () => {
    const traffic = new Traffic(4, 1000);
    let arrive = never;
    const image = traffic.first(() => new Promise<void>((resolve) => (arrive = resolve)));
    const again = vi.fn();
    expect(traffic.take(again)).toBeNull();
    arrive();
    await image;
    expect(again).toHaveBeenCalledOnce();
    expect(traffic.take(never)).not.toBeNull();
  });

  it("ends what is loaded ahead when a reader waits for long", async () => {
    const traffic = new Traffic(4, 5);
    const lane = traffic.take(never);
    let arrive = never;
    const image = traffic.first(() => new Promise<void>((resolve) => (arrive = resolve)));
    expect(lane?.signal.aborted).toBe(false);
    await vi.waitFor(() => expect(lane?.signal.aborted).toBe(true));
    arrive();
    await image;
  });

  it("leaves it alone when the reader's image comes soon", async () => {
    const traffic = new Traffic(4, 20);
    const lane = traffic.take(never);
    await traffic.first(() => Promise.resolve());
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(lane?.signal.aborted).toBe(false);
  });

  it("hands a failure on, and counts the reader no more", async () => {
    const traffic = new Traffic(4, 20);
    await expect(traffic.first(() => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
    expect(traffic.take(never)).not.toBeNull();
  });
});
