/** The highest value along each ray. */
import {
  type Blocks,
  blockAt,
  emptyRay,
  type Part,
  type Ray,
  Rays,
  type Scene,
  sample,
  within,
} from "./cast.ts";

function highest(part: Part, blocks: Blocks, ray: Ray, before: number): number {
  const { ox, oy, oz, dx, dy, dz, last } = ray;
  const z0 = oz - part.first;
  let best = before;
  let m = ray.first;
  while (m <= last) {
    const x = ox + dx * m;
    const y = oy + dy * m;
    const z = z0 + dz * m;
    const left = Math.min(within(x, dx), within(y, dy), within(z, dz), last - m);
    const end = m + Math.max(0, Math.floor(left));
    if ((blocks.highs[blockAt(blocks, x, y, z)] as number) > best) {
      for (let at = m; at <= end; at += 1) {
        const value = sample(part, ox + dx * at, oy + dy * at, z0 + dz * at);
        if (value > best) best = value;
      }
    }
    m = end + 1;
  }
  return best;
}

/** Raises `values` (−infinity where nothing was met) to the highest value of this part. */
export function castHighest(part: Part, blocks: Blocks, scene: Scene, values: Float32Array): void {
  const { width, height } = scene.camera;
  const rays = new Rays(part, scene);
  const ray = emptyRay();
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      rays.at(column, row, ray);
      if (ray.first > ray.last) continue;
      const at = row * width + column;
      values[at] = highest(part, blocks, ray, values[at] as number);
    }
  }
}
