/** Shares the casting of rays out among workers: each has its slices, and their pictures are put together. */
import type { Part, Scene } from "./cast.ts";
import type { Cast, Done, Order } from "./castjobs.ts";
import { layOver } from "./opacity.ts";
import { mappedDirection } from "./space.ts";

/** What a worker looks like from here. */
export interface Hand {
  postMessage(order: Order, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Done>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

/** A part of the volume, made when it is needed; null where the worker holds it already. */
export interface Share {
  readonly name: string;
  readonly make: (() => Part) | null;
}

export interface Order3d {
  readonly scene: Scene;
  /** Of each worker its parts, in order of ascending slices. */
  readonly shares: readonly (readonly Share[])[];
  readonly onProgress?: (share: number) => void;
  readonly signal: AbortSignal;
}

export class Casters {
  private readonly hands: Hand[];
  private job = 0;

  constructor(makeHand: () => Hand, count: number) {
    this.hands = Array.from({ length: count }, makeHand);
  }

  get count(): number {
    return this.hands.length;
  }

  hold(worker: number, name: string, part: Part): void {
    this.hands[worker]?.postMessage({ kind: "hold", name, part }, [part.voxels.buffer as ArrayBuffer]);
  }

  forget(): void {
    for (const hand of this.hands) hand.postMessage({ kind: "forget" }, []);
  }

  end(): void {
    for (const hand of this.hands) hand.terminate();
    this.hands.length = 0;
  }

  /** The picture of a scene; null where it was stopped. */
  async cast({ scene, shares, onProgress, signal }: Order3d): Promise<Float32Array | null> {
    this.job += 1;
    const isForward = mappedDirection(scene.toGrid, scene.camera.forward)[2] >= 0;
    const total = shares.reduce((sum, own) => sum + own.length, 0);
    let done = 0;
    const advance = () => {
      done += 1;
      onProgress?.(done / total);
    };
    const pictures = await Promise.all(
      shares.map((own, worker) => {
        const inOrder = isForward ? own : [...own].reverse();
        return this.work(this.hands[worker], this.job, scene, inOrder, advance, signal);
      }),
    );
    if (signal.aborted) return null;
    const found = pictures.filter((picture) => picture !== null);
    return together(isForward ? found : found.reverse(), scene);
  }

  /** One worker's parts, one after the other. */
  private work(
    hand: Hand | undefined,
    job: number,
    scene: Scene,
    shares: readonly Share[],
    advance: () => void,
    signal: AbortSignal,
  ): Promise<Float32Array | null> {
    if (!hand || shares.length === 0) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      let next = 0;
      const send = () => {
        const share = shares[next];
        if (!share) return;
        next += 1;
        const part = share.make?.() ?? null;
        const order: Cast = {
          kind: "cast",
          job,
          scene,
          name: share.name,
          part,
          isLast: next === shares.length,
        };
        hand.postMessage(order, part ? [part.voxels.buffer as ArrayBuffer] : []);
      };
      hand.onerror = (event) => reject(new Error(event.message));
      hand.onmessage = ({ data }) => {
        if (data.job !== job) return;
        advance();
        if (data.picture) resolve(data.picture);
        else if (signal.aborted) resolve(null);
        else send();
      };
      send();
    });
  }
}

/** Pictures of parts, the front one first, as one. */
export function together(pictures: readonly Float32Array[], { transfer }: Scene): Float32Array | null {
  const [front, ...others] = pictures;
  if (!front) return null;
  for (const picture of others) {
    if (transfer) layOver(front, picture);
    else {
      for (let at = 0; at < front.length; at += 1) {
        const value = picture[at] as number;
        if (value > (front[at] as number)) front[at] = value;
      }
    }
  }
  return front;
}
