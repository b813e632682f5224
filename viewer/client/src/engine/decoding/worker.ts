/** A worker that decodes frames, with the decoders of Cornerstone's image loader. */
import { decodeImageFrame } from "decode-image-frame";
import { type Decompress, decodedFrame } from "./frame.ts";
import { type Answer, Flawed, type Question } from "./task.ts";

const decompress: Decompress = (description, transferSyntax, bytes) =>
  decodeImageFrame(
    { ...description, smallestPixelValue: undefined, largestPixelValue: undefined },
    transferSyntax,
    bytes,
    {},
    { preScale: { enabled: false } },
  );

// The loader's own worker, imported above, listens too (Comlink): it takes no notice of messages without its `type`.
self.addEventListener("message", async ({ data: { id, task } }: MessageEvent<Question>) => {
  if (!task) return;
  let answer: Answer;
  try {
    answer = { id, decoded: await decodedFrame(task, decompress) };
  } catch (error) {
    if (error instanceof Flawed) answer = { id, flaw: error.flaw };
    else answer = { id, trouble: error instanceof Error ? error.message : String(error) };
  }
  const { decoded } = answer;
  const buffers = decoded ? [decoded.kind === "grey" ? decoded.values.buffer : decoded.rgb.buffer] : [];
  self.postMessage(answer, { transfer: buffers as ArrayBuffer[] });
});
