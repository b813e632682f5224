/** A worker that casts rays, so that the page stays free. */
import { CastingBench, type Order } from "./castjobs.ts";

const bench = new CastingBench();

addEventListener("message", ({ data }: MessageEvent<Order>) => {
  const done = bench.take(data);
  if (!done) return;
  const transfer = done.picture ? [done.picture.buffer] : [];
  (self as unknown as { postMessage(message: unknown, transfer: Transferable[]): void }).postMessage(
    done,
    transfer,
  );
});
