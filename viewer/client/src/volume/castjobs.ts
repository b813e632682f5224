/** What the page and its casting workers say to each other, and the work itself. */
import { type Blocks, blocksOf, type Part, type Scene } from "./cast.ts";
import { castHighest } from "./mip.ts";
import { castOpacity } from "./opacity.ts";

/** A part that stays with the worker, under a name. */
export interface Hold {
  readonly kind: "hold";
  readonly name: string;
  readonly part: Part;
}

/** Casts rays through one part, going on in front-to-back order where the job has begun already. */
export interface Cast {
  readonly kind: "cast";
  readonly job: number;
  readonly scene: Scene;
  /** A part that is held, by name, or one that comes along; its blocks are kept under `name`. */
  readonly name: string;
  readonly part: Part | null;
  readonly isLast: boolean;
}

/** Lets go of everything. */
export interface Forget {
  readonly kind: "forget";
}

export type Order = Hold | Cast | Forget;

/** One part is done; the picture comes with the last one. */
export interface Done {
  readonly job: number;
  readonly picture: Float32Array<ArrayBuffer> | null;
}

function clear({ camera, transfer }: Scene): Float32Array<ArrayBuffer> {
  const pixels = camera.width * camera.height;
  return transfer ? new Float32Array(pixels * 4) : new Float32Array(pixels).fill(Number.NEGATIVE_INFINITY);
}

/** One worker's state: parts that it holds, blocks that it knows, the picture it is at. */
export class CastingBench {
  private readonly parts = new Map<string, Part>();
  private readonly blocks = new Map<string, Blocks>();
  private job = -1;
  private picture: Float32Array<ArrayBuffer> | null = null;

  take(order: Order): Done | null {
    if (order.kind === "hold") this.hold(order);
    else if (order.kind === "forget") this.forget();
    else return this.cast(order);
    return null;
  }

  private hold({ name, part }: Hold): void {
    this.parts.set(name, part);
    this.blocks.delete(name);
  }

  private forget(): void {
    this.parts.clear();
    this.blocks.clear();
    this.picture = null;
  }

  private blocksFor(name: string, part: Part): Blocks {
    const blocks = this.blocks.get(name) ?? blocksOf(part);
    this.blocks.set(name, blocks);
    return blocks;
  }

  private cast({ job, scene, name, part, isLast }: Cast): Done {
    if (job !== this.job || !this.picture) this.picture = clear(scene);
    this.job = job;
    const { picture } = this;
    const there = part ?? this.parts.get(name);
    if (there) {
      const blocks = this.blocksFor(name, there);
      if (scene.transfer) castOpacity(there, blocks, scene, picture);
      else castHighest(there, blocks, scene, picture);
    }
    if (!isLast) return { job, picture: null };
    this.picture = null;
    return { job, picture };
  }
}
