import { describe, expect, it } from "vitest";
import { wheelRest } from "../src/page/input.ts";
import { belongsToControl, commandOf, type KeyPress } from "../src/page/keys.ts";

function press(key: string, more: Partial<KeyPress> = {}): KeyPress {
  return { key, code: "", shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more };
}

describe("keys", () => {
  it.each([
    ["ArrowDown", { do: "step", images: 1 }],
    ["ArrowUp", { do: "step", images: -1 }],
    ["PageDown", { do: "series", by: 1 }],
    ["PageUp", { do: "series", by: -1 }],
    ["Home", { do: "first" }],
    ["End", { do: "last" }],
    [" ", { do: "cine" }],
    ["s", { do: "tool", tool: "scroll" }],
    ["w", { do: "tool", tool: "window" }],
    ["z", { do: "tool", tool: "zoom" }],
    ["m", { do: "tool", tool: "move" }],
    ["2", { do: "preset", key: "2" }],
    ["0", { do: "preset", key: "0" }],
    ["\\", { do: "fold" }],
    ["?", { do: "keys" }],
    ["l", null],
    ["Tab", null],
  ])("%j does %j", (key, command) => {
    expect(commandOf(press(key))).toEqual(command);
  });

  it("work under a Cyrillic layout, by their place", () => {
    expect(commandOf(press("ы", { code: "KeyS" }))).toEqual({ do: "tool", tool: "scroll" });
    expect(commandOf(press("Я", { code: "KeyZ", shiftKey: true }))).toEqual({ do: "fit" });
  });

  it("follow the letter and not the place where the layout has letters", () => {
    expect(commandOf(press("z", { code: "KeyY" }))).toEqual({ do: "tool", tool: "zoom" });
    expect(commandOf(press("y", { code: "KeyZ" }))).toBeNull();
  });

  it("with Shift nudge with the chosen tool", () => {
    expect(commandOf(press("ArrowLeft", { shiftKey: true }))).toEqual({ do: "nudge", direction: "left" });
  });

  it.each(["ctrlKey", "altKey", "metaKey"] as const)("with %s are the browser's", (modifier) => {
    expect(commandOf(press("s", { [modifier]: true }))).toBeNull();
  });

  it("rest while typing, and leave a control what it needs", () => {
    const control = (tag: string, type = "") => ({ tag, type });
    expect(belongsToControl(press("s"), control("INPUT", "search"))).toBe(true);
    expect(belongsToControl(press("ArrowUp"), control("INPUT", "range"))).toBe(true);
    expect(belongsToControl(press("s"), control("INPUT", "range"))).toBe(false);
    expect(belongsToControl(press(" "), control("BUTTON"))).toBe(true);
    expect(belongsToControl(press("2"), control("BUTTON"))).toBe(false);
    expect(belongsToControl(press("ArrowDown"), control("SELECT"))).toBe(true);
    expect(belongsToControl(press(" "), control("DIV"))).toBe(false);
    expect(belongsToControl(press(" "), null)).toBe(false);
  });
});

describe("the wheel", () => {
  const turned = (deltas: number[], deltaMode = 0) => {
    let rest = 0;
    return deltas.map((deltaY) => {
      rest = wheelRest(rest, { deltaY, deltaMode });
      const images = Math.trunc(rest);
      rest -= images;
      return images + 0;
    });
  };

  it("is one image a notch, however far a browser says the notch is", () => {
    expect(turned([120, 100, -53, -120])).toEqual([1, 1, -1, -1]);
    expect(turned([3, -3], 1)).toEqual([1, -1]);
  });

  it("is one image for 40 px of a touchpad", () => {
    expect(turned([10, 10, 10, 10, 10])).toEqual([0, 0, 0, 1, 0]);
  });

  it("turns at once, without first taking back what was turned before", () => {
    expect(turned([30, -20, -20])).toEqual([0, 0, -1]);
  });
});
