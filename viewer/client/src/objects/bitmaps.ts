/** Pictures of one colour that lie over images: overlay planes and segments. */

import { combined, groupOf, matrix, svgElement } from "./drawing.ts";
import type { Layer, Pane } from "./host.ts";
import type { PixelMap } from "./placing.ts";

export interface Bitmap {
  /** The same key means the same pixels. */
  readonly key: string;
  /** A data: address of a PNG. */
  readonly url: string;
  readonly columns: number;
  readonly rows: number;
  /** From its pixels to those of the image. */
  readonly map: PixelMap;
  /** 0 to 1. */
  readonly opacity: number;
}

/** Says which bitmaps lie on what a pane shows now; what is still on its way is left out. */
export type BitmapSource = (pane: Pane) => readonly Bitmap[];

/** A mask of 0 to 255 in one colour as a PNG. */
export function pngOf(
  mask: Uint8Array,
  columns: number,
  rows: number,
  [red, green, blue]: readonly [number, number, number],
): string {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: columns, height: rows });
  const picture = new ImageData(columns, rows);
  const pixels = new Uint32Array(picture.data.buffer);
  const color = (blue << 16) | (green << 8) | red;
  for (let index = 0; index < pixels.length; index += 1) {
    const cover = mask[index] as number;
    if (cover > 0) pixels[index] = ((cover << 24) | color) >>> 0;
  }
  canvas.getContext("2d")?.putImageData(picture, 0, 0);
  return canvas.toDataURL("image/png");
}

export class BitmapLayer implements Layer {
  constructor(
    private readonly name: string,
    private readonly source: BitmapSource,
  ) {}

  draw(pane: Pane): void {
    const { affine } = pane.view;
    const bitmaps = affine ? this.source(pane) : [];
    if (bitmaps.length === 0 && !pane.svg.querySelector(`:scope > g[data-layer="${this.name}"]`)) return;
    const group = groupOf(pane.svg, this.name);
    const known = new Map(
      [...group.children].map((one) => [one.getAttribute("data-key"), one as SVGElement]),
    );
    const wanted = bitmaps.map((bitmap) => {
      const image = known.get(bitmap.key) ?? imageOf(bitmap);
      if (affine) image.setAttribute("transform", matrix(combined(affine, bitmap.map)));
      image.setAttribute("opacity", String(bitmap.opacity));
      return image;
    });
    const same =
      wanted.length === group.children.length && wanted.every((one, at) => one === group.children[at]);
    if (!same) group.replaceChildren(...wanted);
  }
}

function imageOf({ key, url, columns, rows }: Bitmap): SVGElement {
  return svgElement("image", {
    "data-key": key,
    href: url,
    x: -0.5,
    y: -0.5,
    width: columns,
    height: rows,
    preserveAspectRatio: "none",
    class: "bitmap",
  });
}
