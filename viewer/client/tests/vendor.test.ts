import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { iconNames, sprite, symbolOf } from "../build/vendor.ts";

const LIST = readFileSync(new URL("../vendor/icons.txt", import.meta.url), "utf8");

describe("the icon sprite", () => {
  it("has one symbol for each name of the list and nothing else", () => {
    const ids = [...sprite(LIST).matchAll(/<symbol id="([^"]+)"/g)].map((match) => match[1]);
    expect(ids).toEqual(iconNames(LIST));
  });

  it("carries no class, style or script, so that a strict CSP shows it", () => {
    expect(sprite(LIST)).not.toMatch(/<script|<style|\sclass=|\sstyle=/);
  });

  it("takes a name listed twice only once, in alphabetical order", () => {
    expect(iconNames("search\nbell\n\nsearch\n")).toEqual(["bell", "search"]);
  });

  it("refuses a name that bootstrap-icons does not have, and says which", () => {
    expect(() => sprite("no-such-icon")).toThrow('names "no-such-icon"');
  });

  it("refuses a line that is no name", () => {
    expect(() => iconNames("../secret")).toThrow('"../secret" is not the name of an icon');
  });

  it("takes the drawing out of an icon's file", () => {
    expect(symbolOf("dot", '<svg xmlns="x" class="bi" viewBox="0 0 4 4">\n  <path d="M0 0"/>\n</svg>')).toBe(
      '<symbol id="dot" viewBox="0 0 4 4" fill="currentColor"><path d="M0 0"/></symbol>',
    );
  });
});
