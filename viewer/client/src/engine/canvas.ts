/** The canvas of a viewport: the picture in its own pixels, drawn through the affine map. */
import type { Affine, Size } from "./camera.ts";
import type { Picture } from "./picture.ts";
import { draw, type Shading } from "./rendering.ts";

export class Canvas {
  private readonly element = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D | null;
  private source: OffscreenCanvas | null = null;
  private data: ImageData | null = null;
  private measured: Size | null = null;
  private drawn: { picture: Picture; shading: Shading; inverted: boolean } | null = null;

  constructor(private readonly viewport: HTMLElement) {
    this.element.className = "viewport-canvas";
    viewport.prepend(this.element);
    this.context = this.element.getContext("2d", { alpha: false });
  }

  /** CSS pixels; measured once for all that is drawn together, as each measuring lays the page out anew. */
  get size(): Size {
    if (this.measured) return this.measured;
    const { clientWidth, clientHeight } = this.viewport;
    const size = { width: Math.max(1, clientWidth), height: Math.max(1, clientHeight) };
    this.measured = size;
    queueMicrotask(() => {
      this.measured = null;
    });
    return size;
  }

  remove(): void {
    this.element.remove();
  }

  clear(): void {
    this.drawn = null;
    this.source = null;
    this.data = null;
    this.context?.reset();
  }

  /** Shades are computed again only where picture or shading are others than before. */
  draw(picture: Picture, shading: Shading, inverted: boolean, affine: Affine): void {
    const { drawn } = this;
    if (drawn?.picture !== picture || drawn.shading !== shading || drawn.inverted !== inverted) {
      this.shade(picture, shading, inverted);
      this.drawn = { picture, shading, inverted };
    }
    this.paint(affine);
  }

  private shade(picture: Picture, shading: Shading, inverted: boolean): void {
    const { columns, rows } = picture;
    if (!this.source || !this.data || this.data.width !== columns || this.data.height !== rows) {
      this.source = new OffscreenCanvas(columns, rows);
      this.data = new ImageData(columns, rows);
    }
    draw(picture, shading, inverted, new Uint32Array(this.data.data.buffer));
    // Pixels come from the processor each time: there they stay until they are scaled.
    this.source.getContext("2d", { willReadFrequently: true })?.putImageData(this.data, 0, 0);
  }

  private paint({ a, b, c, d, e, f }: Affine): void {
    const { context, source, element } = this;
    if (!context || !source) return;
    const { width, height } = this.size;
    const ratio = window.devicePixelRatio || 1;
    const [deviceWidth, deviceHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (element.width !== deviceWidth || element.height !== deviceHeight) {
      element.width = deviceWidth;
      element.height = deviceHeight;
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000000";
    context.fillRect(0, 0, deviceWidth, deviceHeight);
    context.setTransform(a * ratio, b * ratio, c * ratio, d * ratio, e * ratio, f * ratio);
    context.imageSmoothingEnabled = true;
    // Making smaller needs all the pixels to count; making larger does not.
    context.imageSmoothingQuality = Math.hypot(a, b) * ratio < 0.8 ? "high" : "low";
    context.drawImage(source, -0.5, -0.5);
  }
}
