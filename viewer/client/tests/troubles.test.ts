import { describe, expect, it } from "vitest";
import { Gone, Refused, Undecodable, Unusable } from "../src/http/failures.ts";
import {
  imageTrouble,
  noImages,
  portalTrouble,
  refusal,
  seriesTrouble,
  serverTrouble,
} from "../src/words/troubles.ts";

const refused = (status: number, code: string) => new Refused(status, code, "");

describe("what went wrong is said in plain words", () => {
  it("for one image, with its number, and that the others work", () => {
    const damaged = new Undecodable("1.2.840.10008.1.2.4.80", new Error("charls 4711"));
    expect(imageTrouble(damaged, 92)).toBe(
      "Image 92 cannot be shown: its pixels are damaged, or compressed in a way (JPEG-LS) that this viewer cannot read. The other images work.",
    );
    expect(imageTrouble(new Gone(""), 5)).toBe(
      "Image 5 is no longer on the DICOM Server. The other images work.",
    );
    expect(imageTrouble(new Unusable("the frame is empty"), 5)).toContain(
      "cannot be shown: the frame is empty.",
    );
    expect(imageTrouble(new RangeError("x is undefined"), 5)).toBe(
      "Image 5 cannot be shown. The other images work.",
    );
  });

  it("for access: signed out, taken away, out of service", () => {
    expect(refusal(refused(403, "not_signed_in"))).toContain("You are signed out.");
    expect(refusal(refused(401, ""))).toContain("You are signed out.");
    expect(refusal(refused(404, "not_found"))).toContain("You may no longer open this study.");
    expect(refusal(refused(401, "token_revoked"))).toContain("You may no longer open this study.");
    expect(refusal(refused(401, "token_invalid"))).toContain("does not accept");
    expect(refusal(refused(503, "unavailable"))).toContain("out of service");
  });

  it("for a server: which one, since when, and that the images are safe", () => {
    const since = new Date(2026, 10, 20, 2, 38).getTime();
    expect(serverTrouble("Bălți Nord", since)).toBe(
      "The DICOM Server of Bălți Nord cannot be reached since 02:38. The images are safe there, and what is loaded can still be read.",
    );
    expect(portalTrouble(since)).toContain("The portal cannot be reached since 02:38.");
  });

  it("never with a code, an exclamation mark or an apology", () => {
    const all = [
      imageTrouble(new Undecodable("1.2.3", null), 1),
      seriesTrouble(new Gone("")),
      seriesTrouble(new TypeError("x")),
      refusal(refused(403, "token_for_another_study")),
      noImages("SR"),
    ];
    for (const words of all) expect(words).not.toMatch(/!|sorry|please|1\.2\.3|token_|undefined/i);
  });
});
