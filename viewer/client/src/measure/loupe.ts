/** A round glass over the image: above the finger that moves an end, and under the pointer as the magnifier. */
import type { Pane } from "../panes/pane.ts";
import type { Tool } from "../tools/tool.ts";
import type { Point } from "./marks.ts";

const ENLARGED = 2.5;

/** Above the finger, or below it where there is no room (px). */
const OFFSET = 96;

export class Loupe {
  private readonly glass = document.createElement("canvas");

  /** @param size CSS pixels across. */
  constructor(
    private readonly size: number,
    private readonly isAbove: boolean,
  ) {
    this.glass.className = "loupe";
    this.glass.setAttribute("aria-hidden", "true");
    this.glass.dataset.testid = isAbove ? "loupe" : "magnifier";
  }

  /** Shows what lies at a point of the viewport; the glass stands at the finger, which may be beside it. */
  show(pane: Pane, point: Point, finger: Point = point): void {
    const source = pane.viewport.querySelector("canvas");
    const context = this.glass.getContext("2d");
    if (!source || !context) return;
    const ratio = window.devicePixelRatio || 1;
    const pixels = Math.round(this.size * ratio);
    if (this.glass.width !== pixels) this.glass.width = this.glass.height = pixels;
    const part = (this.size / ENLARGED) * ratio;
    const [left, top] = [point[0] * ratio - part / 2, point[1] * ratio - part / 2];
    context.fillStyle = "#000000";
    context.fillRect(0, 0, pixels, pixels);
    context.drawImage(source, left, top, part, part, 0, 0, pixels, pixels);
    this.aim(context, pixels);
    this.place(pane, finger);
  }

  hide(): void {
    this.glass.remove();
  }

  private aim(context: CanvasRenderingContext2D, pixels: number): void {
    const middle = pixels / 2;
    const arm = pixels / 14;
    context.beginPath();
    for (const way of [-1, 1]) {
      context.moveTo(middle + (way * arm) / 3, middle);
      context.lineTo(middle + way * arm, middle);
      context.moveTo(middle, middle + (way * arm) / 3);
      context.lineTo(middle, middle + way * arm);
    }
    context.strokeStyle = "#000000";
    context.lineWidth = 4;
    context.stroke();
    context.strokeStyle = "#F2D16B";
    context.lineWidth = 1.5;
    context.stroke();
  }

  private place(pane: Pane, [x, y]: Point): void {
    const { size } = this;
    const { clientWidth: width } = pane.viewport;
    const above = y - OFFSET - size / 2 >= 0 ? y - OFFSET : y + OFFSET;
    const center = this.isAbove ? above : y;
    const left = Math.max(-size / 4, Math.min(width - size * 0.75, x - size / 2));
    this.glass.style.setProperty("left", `${left}px`);
    this.glass.style.setProperty("top", `${center - size / 2}px`);
    this.glass.style.setProperty("width", `${size}px`);
    this.glass.style.setProperty("height", `${size}px`);
    if (this.glass.parentElement !== pane.element) pane.element.append(this.glass);
  }
}

/** Shows the image under the pointer larger, as long as the tool is chosen. */
export function magnifierTool(): Tool {
  const loupe = new Loupe(220, false);
  return {
    name: "magnifier",
    cursor: "zoom-in",
    begin(pane, press) {
      loupe.show(pane, press.point);
      const isTouch = press.event.pointerType === "touch";
      return {
        move: ({ point }) => loupe.show(pane, point),
        end: () => {
          if (isTouch) loupe.hide();
        },
        cancel: () => loupe.hide(),
      };
    },
    hover: (pane, { point }) => loupe.show(pane, point),
    leave: () => loupe.hide(),
  };
}
