import { describe, expect, it } from "vitest";
import { parameter, parts, transferSyntaxOf } from "../src/http/multipart.ts";

const bytes = (...pieces: (string | number[])[]) =>
  new Uint8Array(
    pieces.flatMap((piece) => (typeof piece === "string" ? [...new TextEncoder().encode(piece)] : piece)),
  );

const TYPE = 'multipart/related; type="application/octet-stream"; boundary=XX';
const HEAD = "Content-Type: image/jls; transfer-syntax=1.2.840.10008.1.2.4.80\r\n\r\n";

describe("a multipart answer", () => {
  it("gives the bytes of its part, those that look like line ends too", () => {
    const pixels = [0, 13, 10, 45, 45, 13, 10, 255];
    const [part, ...others] = parts(TYPE, bytes("--XX\r\n", HEAD, pixels, "\r\n--XX--\r\n"));
    expect([...(part?.body ?? [])]).toEqual(pixels);
    expect(part?.contentType).toBe("image/jls; transfer-syntax=1.2.840.10008.1.2.4.80");
    expect(others).toEqual([]);
  });

  it("may have several parts, a preamble, and headers in any case", () => {
    const answer = bytes(
      "hello\r\n--XX\r\ncontent-type:a/b\r\n\r\n",
      [1],
      "\r\n--XX\r\n",
      HEAD,
      [2, 3],
      "\r\n--XX--",
    );
    const found = parts(TYPE, answer);
    expect(found.map(({ contentType, body }) => [contentType, [...body]])).toEqual([
      ["a/b", [1]],
      ["image/jls; transfer-syntax=1.2.840.10008.1.2.4.80", [2, 3]],
    ]);
  });

  it("may have a part without headers, or without content", () => {
    expect(parts(TYPE, bytes("--XX\r\n\r\n", [9], "\r\n--XX--")).map(({ body }) => [...body])).toEqual([[9]]);
    expect(parts(TYPE, bytes("--XX\r\n", HEAD, "\r\n--XX--")).map(({ body }) => [...body])).toEqual([[]]);
  });

  it("is told from a plain one by its type", () => {
    const [part] = parts("image/jpeg", bytes([1, 2]));
    expect([...(part?.body ?? [])]).toEqual([1, 2]);
  });

  it.each([
    ["without a boundary in its type", "multipart/related", bytes("--XX\r\n")],
    ["cut off in a part", TYPE, bytes("--XX\r\n", HEAD, [1, 2, 3])],
    ["cut off in the headers", TYPE, bytes("--XX\r\nContent-Ty")],
    ["of something else", TYPE, bytes("<html>")],
    ["that is empty", TYPE, bytes()],
  ])("%s is unusable", (_, type, answer) => {
    expect(() => parts(type, answer)).toThrow(/multipart/);
  });
});

describe("a media type", () => {
  it("has parameters, with and without quotation marks", () => {
    expect(parameter('a/b; boundary="x y"; transfer-syntax=1.2', "boundary")).toBe("x y");
    expect(parameter('a/b; boundary="x y"; transfer-syntax=1.2', "transfer-syntax")).toBe("1.2");
    expect(parameter("a/b", "boundary")).toBe("");
  });

  it("tells the transfer syntax: as stated, else by its name, else native", () => {
    expect(transferSyntaxOf("image/jls; transfer-syntax=1.2.840.10008.1.2.4.81")).toBe(
      "1.2.840.10008.1.2.4.81",
    );
    expect(transferSyntaxOf("image/jpeg")).toBe("1.2.840.10008.1.2.4.50");
    expect(transferSyntaxOf("application/octet-stream; transfer-syntax=*")).toBe("1.2.840.10008.1.2.1");
  });
});
