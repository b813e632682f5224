import { afterEach, describe, expect, it } from "vitest";
import { _, _n, speak } from "../src/words/say.ts";

describe("texts", () => {
  afterEach(() => speak("en", {}));

  it("are English where nothing else is known", () => {
    expect(_("Image {n} of {count}", { n: 3, count: 9 })).toBe("Image 3 of 9");
    expect(_n("{n} image", "{n} images", 1)).toBe("1 image");
    expect(_n("{n} image", "{n} images", 5)).toBe("5 images");
  });

  it("follow the reader's language, its plurals too", () => {
    speak("ru", {
      "Image {n} of {count}": "Снимок {n} из {count}",
      "{n} image": { one: "{n} снимок", few: "{n} снимка", many: "{n} снимков", other: "{n} снимка" },
    });
    expect(_("Image {n} of {count}", { n: 3, count: 9 })).toBe("Снимок 3 из 9");
    expect([1, 3, 5, 21].map((n) => _n("{n} image", "{n} images", n))).toEqual([
      "1 снимок",
      "3 снимка",
      "5 снимков",
      "21 снимок",
    ]);
    expect(_("Not translated")).toBe("Not translated");
  });
});
