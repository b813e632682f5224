import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Tag } from "../src/dicom/tags.ts";
import type { EncodedFrame } from "../src/http/bundles.ts";
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
/** What the forms named. */
let asked: string[];
let tokensAsked: number;
let troubles: (Trouble | null)[];
let dicomweb: DicomWeb;

beforeEach(async () => {
  seen = [];
  asked = [];
  troubles = [];
  tokensAsked = 0;
  server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const form = new URLSearchParams(body);
    seen.push([request.headers.authorization ?? `form ${form.get("access_token")}`, request.url].join(" "));
    asked.push(form.get("frames") ?? "");
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

const read = (path: string, signal?: AbortSignal) =>
  dicomweb.bulkData(`${origin}/`, `${origin}${path}`, signal);

describe("the DICOMweb client", () => {
  it("sends the token in a header, and takes the bytes out of their envelope", async () => {
    answer = (_, response) => frame(response);
    expect(new TextDecoder().decode(await read("/f"))).toBe("PIXELS");
    expect(seen).toEqual(["Bearer t1 /f"]);
  });

  it("renews a refused token once, and repeats the request", async () => {
    answer = (request, response) =>
      request.headers.authorization === "Bearer t1"
        ? problem(response, 401, "token_expired")
        : frame(response);
    await Promise.all([read("/1"), read("/2")]);
    expect(tokensAsked).toBe(2);
    expect(seen.filter((line) => line.startsWith("Bearer t2")).sort()).toEqual([
      "Bearer t2 /1",
      "Bearer t2 /2",
    ]);
  });

  it("gives up where the renewed token is refused too, and says why", async () => {
    answer = (_, response) => problem(response, 401, "token_revoked");
    const refused = await read("/f").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect(refused).toMatchObject({ status: 401, code: "token_revoked" });
    expect(seen).toEqual(["Bearer t1 /f", "Bearer t2 /f"]);
  });

  it("does not ask again where the study is not allowed", async () => {
    answer = (_, response) => problem(response, 403, "token_for_another_study");
    await expect(read("/f")).rejects.toMatchObject({ code: "token_for_another_study" });
    expect(seen).toHaveLength(1);
  });

  it("tries again after a broken connection and after a gateway's error, and reports both", async () => {
    answer = (request, response) => {
      if (seen.length === 1) request.socket.destroy();
      else if (seen.length === 2) response.writeHead(502).end();
      else frame(response);
    };
    const bytes = await read("/f");
    expect(bytes).toHaveLength(6);
    expect(troubles.map((trouble) => trouble?.attempt ?? null)).toEqual([1, 2, null]);
  });

  it("stops trying when nobody wants the answer any more", async () => {
    const abort = new AbortController();
    answer = (_, response) => {
      abort.abort();
      response.writeHead(503).end();
    };
    await expect(read("/f", abort.signal)).rejects.toThrow(/abort/i);
    expect(seen).toHaveLength(1);
  });

  it("says that an image is gone, or that the server failed", async () => {
    answer = (_, response) => problem(response, 404, "not_found");
    await expect(read("/f")).rejects.toBeInstanceOf(Gone);
    answer = (_, response) => problem(response, 500, "internal");
    await expect(read("/f")).rejects.toBeInstanceOf(Unusable);
  });

  it("gives the frames of a series in reading order", async () => {
    answer = (_, response) =>
      response.end(JSON.stringify([image("feet", 1, [0, 0, -9]), image("head", 2, [0, 0, 9]), "junk", null]));
    const frames = await dicomweb.seriesFrames("1.2", "3.4");
    expect(frames.map(({ url }) => url)).toEqual(
      ["head", "feet"].map((uid) => `${origin}/dicomweb/studies/1.2/series/3.4/instances/${uid}/frames/1`),
    );
    // By a form: a header would cost a round trip, in which the browser asks for leave.
    expect(seen).toEqual(["form t1 /dicomweb/studies/1.2/series/3.4/metadata"]);
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

const PATH = "/dicomweb/studies/1/series/2";

function partOf(
  name: string,
  body: string,
  type = "image/jls; transfer-syntax=1.2.840.10008.1.2.4.80",
): string {
  const [uid, number] = name.split(":");
  const location = `${PATH}/instances/${uid}/frames/${number}`;
  return `--B\r\nContent-Type: ${type}\r\nContent-Location: ${location}\r\nContent-Length: ${body.length}\r\n\r\n${body}\r\n`;
}

function bundleOf(response: ServerResponse, body: string): ServerResponse {
  response.writeHead(200, {
    "Content-Type": 'multipart/related; type="application/octet-stream"; boundary=B',
  });
  response.write(body);
  return response;
}

/** Asks for frames, and returns what came of each, in the order in which it came. */
async function bundle(names: string[], signal?: AbortSignal): Promise<string[]> {
  const came: string[] = [];
  const frames = names.map((name) => {
    const [sopInstanceUid = "", frameNumber] = name.split(":");
    return { sopInstanceUid, frameNumber: Number(frameNumber) };
  });
  const events = {
    came: ({ sopInstanceUid }: { sopInstanceUid: string }, found: EncodedFrame | Error) => {
      const what = found instanceof Error ? found.name : new TextDecoder().decode(found.bytes);
      came.push(`${sopInstanceUid} ${what}`);
    },
  };
  await dicomweb.bundle(`${origin}${PATH}`, frames, events, signal);
  return came;
}

describe("frames in a bundle", () => {
  it("are asked for by a form, and told as they come", async () => {
    answer = (_, response) => bundleOf(response, `${partOf("4:1", "abc")}${partOf("3:2", "de")}--B--`).end();
    expect(await bundle(["3:2", "4:1"])).toEqual(["4 abc", "3 de"]);
    expect([seen, asked]).toEqual([["form t1 /dicomweb/studies/1/series/2/frames"], ["3:2,4:1"]]);
  });

  it("that are not there, that cannot be read, that are empty or were left out have each their reason", async () => {
    const problem = "application/problem+json";
    answer = (_, response) => {
      const parts = [
        partOf("1:1", '{"status": 404}', problem),
        partOf("2:1", '{"status": 500}', problem),
        partOf("3:1", "<html>", problem),
        partOf("4:1", ""),
      ];
      bundleOf(response, `${parts.join("")}--B--`).end();
    };
    expect(await bundle(["1:1", "2:1", "3:1", "4:1", "5:1"])).toEqual([
      "1 Gone",
      "2 Unusable",
      "3 Unusable",
      "4 Unusable",
      "5 Unusable",
    ]);
  });

  it("nobody asked for are passed over, and none counts twice", async () => {
    const twice = partOf("1:1", "a") + partOf("9:1", "x") + partOf("1:1", "b");
    answer = (_, response) => bundleOf(response, `${twice}--B--`).end();
    expect(await bundle(["1:1"])).toEqual(["1 a"]);
  });

  it("that broke off are asked for again, the others not", async () => {
    answer = (request, response) => {
      if (seen.length > 1) bundleOf(response, `${partOf("2:1", "b")}--B--`).end();
      else bundleOf(response, partOf("1:1", "a")).write("--B", () => request.socket.destroy());
    };
    expect(await bundle(["1:1", "2:1"])).toEqual(["1 a", "2 b"]);
    expect(asked).toEqual(["1:1,2:1", "2:1"]);
  });

  it("are asked for with a renewed token where the old one is refused", async () => {
    answer = (_, response) =>
      seen.length === 1
        ? problem(response, 401, "token_expired")
        : bundleOf(response, `${partOf("1:1", "a")}--B--`).end();
    expect(await bundle(["1:1"])).toEqual(["1 a"]);
    expect(seen.map((line) => line.split(" ")[1])).toEqual(["t1", "t2"]);
  });

  it("end when nobody wants them any more", async () => {
    const abort = new AbortController();
    answer = (_, response) => {
      bundleOf(response, partOf("1:1", "a"));
      setTimeout(() => abort.abort(), 20);
    };
    await expect(bundle(["1:1", "2:1"], abort.signal)).rejects.toThrow(/abort/i);
    expect(seen).toHaveLength(1);
  });
});
