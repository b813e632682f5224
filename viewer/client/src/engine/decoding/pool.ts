/** The workers that decode: as many as leave the machine room to draw, frames for the reader first. */
import { decodedFrame, isNative } from "./frame.ts";
import { type Answer, type Decoded, type DecodeTask, Flawed, type Question } from "./task.ts";

interface Waiting {
  readonly task: DecodeTask;
  readonly urgent: boolean;
  readonly resolve: (decoded: Decoded) => void;
  readonly reject: (error: unknown) => void;
}

/** Decoding takes milliseconds; a decoder that says nothing for this long never will. */
const TIMEOUT = 30_000;

class Seat {
  private worker: Worker | null = null;
  private asked = 0;
  busy = false;

  /** Begins to load the decoders, before anything is to be decoded. */
  start(): Worker {
    this.worker ??= new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "decoder" });
    return this.worker;
  }

  run(task: DecodeTask): Promise<Decoded> {
    const worker = this.start();
    this.asked += 1;
    const id = this.asked;
    return new Promise((resolve, reject) => {
      const over = new AbortController();
      const fail = (words: string) => {
        over.abort();
        this.stop();
        reject(new Error(words));
      };
      const timer = setTimeout(() => fail("the decoder gave no answer"), TIMEOUT);
      over.signal.addEventListener("abort", () => clearTimeout(timer));
      const hear = ({ data }: MessageEvent<Answer>) => {
        if (data.id !== id) return;
        over.abort();
        if (data.decoded) resolve(data.decoded);
        else if (data.flaw) reject(new Flawed(data.flaw));
        else reject(new Error(data.trouble ?? "the decoder gave no answer"));
      };
      worker.addEventListener("message", hear, { signal: over.signal });
      worker.addEventListener("error", () => fail("the decoder broke down"), { signal: over.signal });
      send(worker, { id, task });
    });
  }

  private stop(): void {
    this.worker?.terminate();
    this.worker = null;
  }
}

/** Bytes that fill their buffer are handed over; a view of a larger buffer is copied, as the rest belongs to others. */
function send(worker: Worker, { id, task }: Question): void {
  const { bytes } = task;
  const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  worker.postMessage({ id, task: { ...task, bytes: own } }, [own.buffer as ArrayBuffer]);
}

/** Half of the cores decode, at most four: the rest of the machine keeps drawing. */
function seatsFor(cores: number): number {
  return Math.min(4, Math.max(1, Math.floor(cores / 2)));
}

const seats = Array.from(
  { length: seatsFor(globalThis.navigator?.hardwareConcurrency || 2) },
  () => new Seat(),
);
const waiting: Waiting[] = [];

/** Has the workers load what decodes a transfer syntax, while its first frame is still on its way. */
export function prepareDecoders(transferSyntax: string): void {
  if (isNative(transferSyntax)) return;
  for (const seat of seats) seat.start();
}

/** Larger images would keep the page from drawing for too long (pixels). */
const LARGEST_HERE = 3_000_000;

/** Grey pixels that are not compressed are read in place, so quickly that no worker is worth its messages. */
function isQuick({ transferSyntax, description, palette }: DecodeTask): boolean {
  const { samplesPerPixel, bitsAllocated, rows, columns } = description;
  const isPlain = isNative(transferSyntax) && samplesPerPixel === 1 && palette === null;
  return isPlain && bitsAllocated > 1 && rows * columns <= LARGEST_HERE;
}

function noDecompression(): Promise<never> {
  return Promise.reject(new Error("compressed frames are decoded by workers"));
}

/** The frame's samples; urgent ones overtake those that wait. */
export function decode(task: DecodeTask, urgent: boolean): Promise<Decoded> {
  if (isQuick(task)) return decodedFrame(task, noDecompression);
  return new Promise((resolve, reject) => {
    const entry = { task, urgent, resolve, reject };
    const at = urgent ? waiting.findIndex((other) => !other.urgent) : -1;
    if (at === -1) waiting.push(entry);
    else waiting.splice(at, 0, entry);
    next();
  });
}

function next(): void {
  const seat = seats.find(({ busy }) => !busy);
  const entry = seat && waiting.shift();
  if (!seat || !entry) return;
  seat.busy = true;
  seat
    .run(entry.task)
    .then(entry.resolve, entry.reject)
    .finally(() => {
      seat.busy = false;
      next();
    });
}
