import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Tag } from "../src/dicom/tags.ts";
import { DicomWeb } from "../src/http/dicomweb.ts";
import { Gone, Refused, Unusable } from "../src/http/failures.ts";
import { Gate, type Trouble } from "../src/http/gate.ts";
import { TokenKeeper } from "../src/http/tokens.ts";
import { image } from "./samples.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let origin: string;
let answer: Answer;
let seen: string[];
let tokensAsked: number;
let troubles: (Trouble | null)[];
let dicomweb: DicomWeb;

beforeEach(async () => {
  seen = [];
  troubles = [];
  tokensAsked = 0;
  server = createServer((request, response) => {
    seen.push(`${request.headers.authorization} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tokens = new TokenKeeper(async () => {
    tokensAsked += 1;
    return { token: `t${tokensAsked}`, dicomwebUrl: `${origin}/dicomweb`, serverId: "s", lifetime: 300_000 };
  });
  const quick = { now: () => Date.now(), after: (_: number, callback: () => void) => clearedLater(callback) };
  dicomweb = new DicomWeb(tokens, new Gate((trouble) => troubles.push(trouble), quick));
});

function clearedLater(callback: () => void): () => void {
  const timer = setTimeout(callback, 1);
  return () => clearTimeout(timer);
}

afterEach(() => new Promise((resolve) => server.close(resolve)));

function problem(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "Content-Type": "application/problem+json" }).end(JSON.stringify({ code }));
}

function frame(response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": 'multipart/related; type="image/jls"; boundary=B' });
  response.end(
    "--B\r\nContent-Type: image/jls; transfer-syntax=1.2.840.10008.1.2.4.80\r\n\r\nPIXELS\r\n--B--\r\n",
  );
}

describe("the DICOMweb client", () => {
  it("sends the token in a header, and takes the frame out of its envelope", async () => {
    answer = (_, response) => frame(response);
    const { transferSyntax, bytes } = await dicomweb.frame(`${origin}/f`);
    expect([transferSyntax, new TextDecoder().decode(bytes)]).toEqual(["1.2.840.10008.1.2.4.80", "PIXELS"]);
    expect(seen).toEqual(["Bearer t1 /f"]);
  });

  it("renews a refused token once, and repeats the request", async () => {
    answer = (request, response) =>
      request.headers.authorization === "Bearer t1"
        ? problem(response, 401, "token_expired")
        : frame(response);
    await Promise.all([dicomweb.frame(`${origin}/1`), dicomweb.frame(`${origin}/2`)]);
    expect(tokensAsked).toBe(2);
    expect(seen.filter((line) => line.startsWith("Bearer t2")).sort()).toEqual([
      "Bearer t2 /1",
      "Bearer t2 /2",
    ]);
  });

  it("gives up where the renewed token is refused too, and says why", async () => {
    answer = (_, response) => problem(response, 401, "token_revoked");
    const refused = await dicomweb.frame(`${origin}/f`).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect(refused).toMatchObject({ status: 401, code: "token_revoked" });
    expect(seen).toEqual(["Bearer t1 /f", "Bearer t2 /f"]);
  });

  it("does not ask again where the study is not allowed", async () => {
    answer = (_, response) => problem(response, 403, "token_for_another_study");
    await expect(dicomweb.frame(`${origin}/f`)).rejects.toMatchObject({ code: "token_for_another_study" });
    expect(seen).toHaveLength(1);
  });

  it("tries again after a broken connection and after a gateway's error, and reports both", async () => {
    answer = (request, response) => {
      if (seen.length === 1) request.socket.destroy();
      else if (seen.length === 2) response.writeHead(502).end();
      else frame(response);
    };
    const { bytes } = await dicomweb.frame(`${origin}/f`);
    expect(bytes).toHaveLength(6);
    expect(troubles.map((trouble) => trouble?.attempt ?? null)).toEqual([1, 2, null]);
  });

  it("stops trying when nobody wants the answer any more", async () => {
    const abort = new AbortController();
    answer = (_, response) => {
      abort.abort();
      response.writeHead(503).end();
    };
    await expect(dicomweb.frame(`${origin}/f`, abort.signal)).rejects.toThrow(/abort/i);
    expect(seen).toHaveLength(1);
  });

  it("says that an image is gone, or that the server failed", async () => {
    answer = (_, response) => problem(response, 404, "not_found");
    await expect(dicomweb.frame(`${origin}/f`)).rejects.toBeInstanceOf(Gone);
    answer = (_, response) => problem(response, 500, "internal");
    await expect(dicomweb.frame(`${origin}/f`)).rejects.toBeInstanceOf(Unusable);
  });

  it("gives the frames of a series in reading order", async () => {
    answer = (_, response) =>
      response.end(JSON.stringify([image("feet", 1, [0, 0, -9]), image("head", 2, [0, 0, 9]), "junk", null]));
    const frames = await dicomweb.seriesFrames("1.2", "3.4");
    expect(frames.map(({ url }) => url)).toEqual(
      ["head", "feet"].map((uid) => `${origin}/dicomweb/studies/1.2/series/3.4/instances/${uid}/frames/1`),
    );
    expect(seen).toEqual(["Bearer t1 /dicomweb/studies/1.2/series/3.4/metadata"]);
  });

  it("says that a description is no JSON, and takes one that is no list for empty", async () => {
    answer = (_, response) => response.end("<html>");
    await expect(dicomweb.seriesFrames("1", "2")).rejects.toThrow("no JSON");
    answer = (_, response) => response.end(JSON.stringify({ [Tag.Rows]: 1 }));
    expect(await dicomweb.seriesFrames("1", "2")).toEqual([]);
  });

  it("takes nothing but a picture for a thumbnail", async () => {
    answer = (_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<script>");
    const series = await dicomweb.seriesAddress("1", "2");
    await expect(dicomweb.thumbnail(series)).rejects.toThrow("no picture");
  });

  it("never sends the token to another server that the metadata name", async () => {
    answer = (_, response) => response.end();
    await expect(dicomweb.bulkData(`${origin}/f`, "http://elsewhere.example/x")).rejects.toThrow(
      "another server",
    );
    expect(seen).toEqual([]);
  });
});
