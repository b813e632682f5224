/** Colour and opacity along each ray, from front to back, with light from the eye. */
import {
  type Blocks,
  blockAt,
  emptyRay,
  type Part,
  type Ray,
  Rays,
  type Scene,
  sample,
  type Transfer,
  within,
} from "./cast.ts";
import type { Affine } from "./space.ts";
import type { Pixels } from "./voxels.ts";

/** What is behind this much opacity cannot be seen. */
const ENOUGH = 0.98;

/** Light that comes from everywhere, that falls on surfaces, and that they mirror. */
const AMBIENT = 0.3;
const DIFFUSE = 0.7;
const MIRRORED = 0.2;

/** Opacity a mm below which a sample is not lit. */
const FAINT = 1e-4;

/** How a scene's table is read at the length of its steps. */
export interface Lit {
  readonly transfer: Transfer;
  /** Opacity of one step by entry. */
  readonly opacity: Float32Array;
  /** Entries with any opacity up to each one: tells whether a range of values can be seen at all. */
  readonly visible: Int32Array;
  readonly toEntry: number;
  readonly step: number;
  /** Gradient of the grid to the patient's space: rows of the map to the grid. */
  readonly toGrid: Affine;
}

export function lit({ transfer, camera, toGrid }: Scene): Lit | null {
  if (!transfer) return null;
  const entries = transfer.rgba.length / 4;
  const opacity = new Float32Array(entries);
  const visible = new Int32Array(entries + 1);
  for (let entry = 0; entry < entries; entry += 1) {
    const perMm = transfer.rgba[entry * 4 + 3] as number;
    opacity[entry] = 1 - (1 - Math.min(perMm, 0.9999)) ** camera.step;
    visible[entry + 1] = (visible[entry] as number) + (perMm > 0 ? 1 : 0);
  }
  const toEntry = (entries - 1) / (transfer.upper - transfer.lower);
  return { transfer, opacity, visible, toEntry, step: camera.step, toGrid };
}

function entryOf({ transfer, toEntry, opacity }: Lit, value: number): number {
  const entry = ((value - transfer.lower) * toEntry + 0.5) | 0;
  return entry < 0 ? 0 : entry >= opacity.length ? opacity.length - 1 : entry;
}

function canBeSeen(table: Lit, low: number, high: number): boolean {
  const { visible } = table;
  return (visible[entryOf(table, high) + 1] as number) > (visible[entryOf(table, low)] as number);
}

const light = { shade: 0, mirror: 0 };

/** How much of the eye's light a place sends back: its surface is where values change most. */
function lightAt(part: Part, table: Lit, view: readonly number[], x: number, y: number, z: number): void {
  const { columns, rows, depth, voxels } = part;
  const sheet = columns * rows;
  const cx = Math.min(columns - 2, Math.max(1, Math.round(x)));
  const cy = Math.min(rows - 2, Math.max(1, Math.round(y)));
  const cz = Math.min(depth - 2, Math.max(1, Math.round(z)));
  const i = cz * sheet + cy * columns + cx;
  const difference = (pixels: Pixels, by: number) => (pixels[i + by] as number) - (pixels[i - by] as number);
  const [gx, gy, gz] = [difference(voxels, 1), difference(voxels, columns), difference(voxels, sheet)];
  const [a, b, c] = table.toGrid.columns;
  const px = a[0] * gx + a[1] * gy + a[2] * gz;
  const py = b[0] * gx + b[1] * gy + b[2] * gz;
  const pz = c[0] * gx + c[1] * gy + c[2] * gz;
  const length = Math.sqrt(px * px + py * py + pz * pz);
  const facing =
    length < 1e-6
      ? 1
      : Math.abs(px * (view[0] as number) + py * (view[1] as number) + pz * (view[2] as number)) / length;
  light.shade = AMBIENT + DIFFUSE * facing;
  light.mirror = length < 1e-6 ? 0 : MIRRORED * facing ** 16;
}

function through(
  part: Part,
  blocks: Blocks,
  table: Lit,
  view: readonly number[],
  ray: Ray,
  picture: Float32Array,
  at: number,
): void {
  const { ox, oy, oz, dx, dy, dz, last } = ray;
  const { rgba } = table.transfer;
  const z0 = oz - part.first;
  let [red, green, blue, covered] = picture.subarray(at, at + 4) as unknown as [
    number,
    number,
    number,
    number,
  ];
  let m = ray.first;
  while (m <= last && covered < ENOUGH) {
    const x = ox + dx * m;
    const y = oy + dy * m;
    const z = z0 + dz * m;
    const end = m + Math.max(0, Math.floor(Math.min(within(x, dx), within(y, dy), within(z, dz), last - m)));
    const block = blockAt(blocks, x, y, z);
    const isSeen = canBeSeen(table, blocks.lows[block] as number, blocks.highs[block] as number);
    for (let s = m; isSeen && s <= end && covered < ENOUGH; s += 1) {
      const [sx, sy, sz] = [ox + dx * s, oy + dy * s, z0 + dz * s];
      const entry = entryOf(table, sample(part, sx, sy, sz));
      const opacity = table.opacity[entry] as number;
      if (opacity < FAINT) continue;
      lightAt(part, table, view, sx, sy, sz);
      const share = (1 - covered) * opacity;
      red += share * ((rgba[entry * 4] as number) * light.shade + light.mirror);
      green += share * ((rgba[entry * 4 + 1] as number) * light.shade + light.mirror);
      blue += share * ((rgba[entry * 4 + 2] as number) * light.shade + light.mirror);
      covered += share;
    }
    m = end + 1;
  }
  picture[at] = red;
  picture[at + 1] = green;
  picture[at + 2] = blue;
  picture[at + 3] = covered;
}

/** Goes on behind what `picture` (red, green, blue, covered; premultiplied) holds already. */
export function castOpacity(part: Part, blocks: Blocks, scene: Scene, picture: Float32Array): void {
  const table = lit(scene);
  if (!table) return;
  const { width, height, forward } = scene.camera;
  const rays = new Rays(part, scene);
  const ray = emptyRay();
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const at = (row * width + column) * 4;
      if ((picture[at + 3] as number) >= ENOUGH) continue;
      rays.at(column, row, ray);
      if (ray.first <= ray.last) through(part, blocks, table, forward, ray, picture, at);
    }
  }
}

/** Lays a picture over another one behind it; the first takes the result. */
export function layOver(front: Float32Array, behind: Float32Array): void {
  for (let at = 0; at < front.length; at += 4) {
    const free = 1 - (front[at + 3] as number);
    for (let channel = 0; channel < 4; channel += 1) {
      front[at + channel] = (front[at + channel] as number) + free * (behind[at + channel] as number);
    }
  }
}
