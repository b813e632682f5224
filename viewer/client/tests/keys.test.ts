import { describe, expect, it } from "vitest";
import { ariaKey, belongsToControl, type KeyPress, keyName, shownKey } from "../src/commands/keys.ts";

function press(key: string, more: Partial<KeyPress> = {}): KeyPress {
  return { key, code: "", shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more };
}

describe("keys", () => {
  it.each([
    ["ArrowDown", "Down"],
    [" ", "Space"],
    ["s", "S"],
    ["S", "S"],
    ["2", "2"],
    ["=", "+"],
    ["Delete", "Del"],
    ["Escape", "Esc"],
    ["\\", "\\"],
    ["PageUp", "PageUp"],
  ])("%j is called %s", (key, name) => {
    expect(keyName(press(key))).toBe(name);
  });

  it("name their modifiers, Shift only where it is not how the mark is typed", () => {
    expect(keyName(press("z", { ctrlKey: true }))).toBe("Ctrl+Z");
    expect(keyName(press("z", { metaKey: true }))).toBe("Ctrl+Z");
    expect(keyName(press("Z", { shiftKey: true }))).toBe("Shift+Z");
    expect(keyName(press("ArrowLeft", { shiftKey: true }))).toBe("Shift+Left");
    expect(keyName(press("?", { shiftKey: true }))).toBe("?");
    expect(keyName(press("+", { shiftKey: true }))).toBe("+");
  });

  it("work under a Cyrillic layout, by their place", () => {
    expect(keyName(press("ы", { code: "KeyS" }))).toBe("S");
    expect(keyName(press("Я", { code: "KeyZ", shiftKey: true }))).toBe("Shift+Z");
    expect(keyName(press("х", { code: "BracketLeft" }))).toBe("[");
  });

  it("follow the letter and not the place where the layout has letters", () => {
    expect(keyName(press("z", { code: "KeyY" }))).toBe("Z");
    expect(keyName(press("y", { code: "KeyZ" }))).toBe("Y");
  });

  it("rest while typing, and leave a control what it needs", () => {
    const control = (tag: string, type = "") => ({ tag, type });
    expect(belongsToControl("S", control("INPUT", "search"))).toBe(true);
    expect(belongsToControl("Up", control("INPUT", "range"))).toBe(true);
    expect(belongsToControl("S", control("INPUT", "range"))).toBe(false);
    expect(belongsToControl("Space", control("BUTTON"))).toBe(true);
    expect(belongsToControl("2", control("BUTTON"))).toBe(false);
    expect(belongsToControl("Down", control("SELECT"))).toBe(true);
    expect(belongsToControl("Space", control("DIV"))).toBe(false);
    expect(belongsToControl("Space", null)).toBe(false);
  });

  it("are written for the reader and for screen readers", () => {
    expect(shownKey("Shift+Left")).toBe("Shift ←");
    expect(shownKey("-")).toBe("\u2212");
    expect(ariaKey("Ctrl+Z")).toBe("Control+Z");
    expect(ariaKey("+")).toBe("Plus");
  });
});
