import { afterEach, describe, expect, it, vi } from "vitest";
import type { Frame } from "../src/dicom/frames.ts";
import type { BundleEvents, EncodedFrame } from "../src/http/bundles.ts";
import { askEarly, ComingFrame, type FrameEvents, takeEarly } from "../src/http/coming_frame.ts";
import type { DicomWeb } from "../src/http/dicomweb.ts";
import { Gone, Unusable } from "../src/http/failures.ts";
import { settled } from "./samples.ts";

const PATH = "https://pacs.example/dicomweb/studies/1/series/2";
const FRAME = {
  imageId: `wadors:${PATH}/instances/3/frames/1`,
  url: `${PATH}/instances/3/frames/1`,
  sopInstanceUid: "3",
  frameNumber: 1,
} as Frame;
const BYTES: EncodedFrame = {
  transferSyntax: "1.2.840.10008.1.2.1",
  bytes: new Uint8Array([1, 2]),
  leavesPixels: false,
};

/** A DICOM Server whose answer comes as the test says. */
function server() {
  let events: BundleEvents | null = null;
  let end: () => void = () => {};
  let fail: (error: Error) => void = () => {};
  const bundle = vi.fn((_path: string, _frames: unknown, hearer: BundleEvents) => {
    events = hearer;
    return new Promise<void>((resolve, reject) => {
      end = resolve;
      fail = reject;
    });
  });
  return {
    source: { bundle } as unknown as DicomWeb,
    bundle,
    tell: (what: (events: BundleEvents) => void) => events && what(events),
    end: () => end(),
    fail: (error: Error) => fail(error),
  };
}

function hearer() {
  const heard: unknown[] = [];
  const events: FrameEvents = {
    begins: (syntax) => heard.push(syntax),
    progress: (share) => heard.push(share),
  };
  return { heard, events };
}

afterEach(() => void takeEarly(FRAME));

describe("a frame on its way", () => {
  it("is asked for alone, and comes", async () => {
    const { source, bundle, tell, end } = server();
    const coming = new ComingFrame(source, FRAME, { priority: "high" });
    expect(bundle).toHaveBeenCalledWith(PATH, [FRAME], expect.anything(), undefined, "high");
    tell(({ came }) => came(FRAME, BYTES));
    end();
    expect(await coming.bytes).toBe(BYTES);
  });

  it("tells who hears late what came before, and then what comes", () => {
    const { source, tell } = server();
    const coming = new ComingFrame(source, FRAME, { priority: "high" });
    tell((events) => events.begins?.(FRAME, BYTES.transferSyntax));
    tell((events) => events.progress?.(FRAME, 0.25));
    const { heard, events } = hearer();
    coming.hear(events);
    tell((events) => events.progress?.(FRAME, 0.5));
    expect(heard).toEqual([BYTES.transferSyntax, 0.25, 0.5]);
  });

  it("that cannot be read, or that the answer lacks, is a failure", async () => {
    const broken = server();
    const first = new ComingFrame(broken.source, FRAME, { priority: "low" });
    broken.tell(({ came }) => came(FRAME, new Gone("answered 404")));
    broken.end();
    await expect(first.bytes).rejects.toBeInstanceOf(Gone);
    const empty = server();
    const second = new ComingFrame(empty.source, FRAME, { priority: "low" });
    empty.end();
    await expect(second.bytes).rejects.toBeInstanceOf(Unusable);
  });
});

describe("a frame asked for early", () => {
  it("is handed out once", async () => {
    const { source, tell, end } = server();
    askEarly(source, FRAME);
    const coming = takeEarly(FRAME);
    expect(takeEarly(FRAME)).toBeNull();
    tell(({ came }) => came(FRAME, BYTES));
    end();
    expect(await coming?.bytes).toBe(BYTES);
  });

  it("is not handed out after it failed: who wants it asks again", async () => {
    const { source, fail } = server();
    askEarly(source, FRAME);
    fail(new Gone("answered 404"));
    await settled();
    expect(takeEarly(FRAME)).toBeNull();
  });
});
