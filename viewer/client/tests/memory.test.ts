import { describe, expect, it } from "vitest";
import { PictureMemory } from "../src/engine/memory.ts";
import type { Picture } from "../src/engine/picture.ts";

const picture = (bytes: number): Picture => ({
  kind: "color",
  rows: 1,
  columns: 1,
  rgb: new Uint8Array(bytes),
});

describe("the memory for pictures", () => {
  it("lets the longest unused go when it is full", () => {
    const dropped: string[] = [];
    const memory = new PictureMemory(10, (key) => dropped.push(key));
    memory.put("a", picture(4));
    memory.put("b", picture(4));
    memory.get("a");
    memory.put("c", picture(4));
    expect(dropped).toEqual(["b"]);
    expect([memory.has("a"), memory.has("b"), memory.has("c"), memory.size]).toEqual([true, false, true, 8]);
  });

  it("keeps the newest even where it alone is too large", () => {
    const memory = new PictureMemory(10);
    memory.put("a", picture(4));
    memory.put("big", picture(40));
    expect([memory.has("a"), memory.has("big")]).toEqual([false, true]);
  });
});
