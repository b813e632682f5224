import { describe, expect, it } from "vitest";
import { Unusable } from "../src/http/failures.ts";
import { type LocatedPart, PartReader } from "../src/http/part_reader.ts";

const TYPE = 'multipart/related; type="application/octet-stream"; boundary=B';
const FIRST =
  "--B\r\nContent-Type: image/jls; transfer-syntax=1.2\r\nContent-Location: /a\r\nContent-Length: 5\r\n\r\n--B\r\n";
const SECOND = "\r\n--B\r\nContent-Type: application/problem+json\r\ncontent-length: 2\r\n\r\n{}";
const END = "\r\n--B--\r\n";

function read(answer: string, step = answer.length, type = TYPE) {
  const parts: LocatedPart[] = [];
  const heads: string[] = [];
  const shares: string[] = [];
  const reader = new PartReader(type, {
    part: (part) => parts.push(part),
    begins: (location, contentType) => heads.push(`${location} ${contentType}`),
    progress: (location, received, length) => shares.push(`${location} ${received}/${length}`),
  });
  const bytes = new TextEncoder().encode(answer);
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  reader.end();
  const texts = parts.map(({ location, contentType, body }) => [
    location,
    contentType,
    new TextDecoder().decode(body),
  ]);
  return { texts, heads, shares };
}

const EXPECTED = [
  ["/a", "image/jls; transfer-syntax=1.2", "--B\r\n"],
  ["", "application/problem+json", "{}"],
];

describe("a multipart answer that comes bit by bit", () => {
  it("gives each part with its address, also where a part holds the boundary itself", () => {
    expect(read(FIRST + SECOND + END).texts).toEqual(EXPECTED);
  });

  it.each([1, 2, 3, 7, 64])("gives the same in pieces of %i bytes", (step) => {
    expect(read(FIRST + SECOND + END, step).texts).toEqual(EXPECTED);
  });

  it("tells of a part's kind before its bytes, and how many have come", () => {
    const { heads, shares } = read(FIRST + END, 3);
    expect(heads).toEqual(["/a image/jls; transfer-syntax=1.2"]);
    expect(shares.at(-1)).toBe("/a 5/5");
    expect(shares.length).toBeGreaterThan(1);
  });

  it("tells what a part warns of", () => {
    const warned: string[] = [];
    const reader = new PartReader(TYPE, { part: ({ warning }) => warned.push(warning) });
    const text = '299 https://pacs.example/dicomweb "Rows are wrong"';
    const head = `--B\r\nContent-Type: x/y\r\nWarning: ${text}\r\nContent-Length: 0\r\n\r\n`;
    reader.push(new TextEncoder().encode(`${head}\r\n${FIRST}${END}`));
    reader.end();
    expect(warned).toEqual([text, ""]);
  });

  it("takes a part without bytes", () => {
    const empty = "--B\r\nContent-Type: x/y\r\nContent-Length: 0\r\n\r\n";
    expect(read(empty + END).texts).toEqual([["", "x/y", ""]]);
  });

  it("takes an answer without parts", () => {
    expect(read("--B--\r\n").texts).toEqual([]);
  });

  it.each([FIRST, FIRST + SECOND, `${FIRST}\r\n--B`, "", FIRST.slice(0, -2)])(
    "counts an answer that breaks off as no answer",
    (answer) => {
      expect(() => read(answer)).toThrow(TypeError);
    },
  );

  it.each([
    ["has no length", "--B\r\nContent-Type: x/y\r\n\r\nabc"],
    ["has a length that is none", "--B\r\nContent-Length: -1\r\n\r\n"],
    ["is longer than any image", "--B\r\nContent-Length: 99999999999\r\n\r\n"],
    ["belongs to another answer", "--C\r\nContent-Length: 1\r\n\r\nx"],
    ["never begins", "x".repeat(9000)],
  ])("refuses a part that %s", (_, answer) => {
    expect(() => read(answer)).toThrow(Unusable);
  });

  it("refuses an answer without a boundary", () => {
    expect(() => read(END, 99, "multipart/related")).toThrow(Unusable);
  });
});
