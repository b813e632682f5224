/** Turns a volume with mouse, finger and keys; the other buttons zoom, move and set the window as everywhere. */

import { belongsToControl, keyName } from "../commands/keys.ts";
import { dragged } from "../dicom/windows.ts";
import type { Workspace } from "../page/workspace.ts";
import { turnedBy } from "./camera.ts";
import { NO_SHIFT } from "./looks.ts";
import type { Solid } from "./solid.ts";

/** Radians for a pixel of dragging, and for a press of an arrow (with Shift: a fine one). */
const PER_PIXEL = 0.008;
const PER_PRESS = (15 * Math.PI) / 180;
const PER_FINE_PRESS = Math.PI / 180;

/** Tools that do in 3D what they do everywhere. */
const OF_PLACE = new Set(["zoom", "zoom-area", "move"]);

const LEFT = 1;
const RIGHT = 2;

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  Left: [-1, 0],
  Right: [1, 0],
  Up: [0, -1],
  Down: [0, 1],
};

interface Pull {
  readonly pointerId: number;
  readonly isShift: boolean;
  last: readonly [number, number];
}

export class SolidHands {
  private pull: Pull | null = null;
  private readonly stop = new AbortController();

  constructor(
    private readonly solid: Solid,
    private readonly workspace: Workspace,
  ) {
    const { element } = solid.pane;
    const options = { capture: true, signal: this.stop.signal };
    element.addEventListener("pointerdown", (event) => this.down(event), options);
    element.addEventListener("pointermove", (event) => this.move(event), options);
    element.addEventListener("pointerup", (event) => this.up(event), options);
    element.addEventListener("pointercancel", (event) => this.up(event), options);
    element.addEventListener("wheel", (event) => this.wheel(event), { ...options, passive: false });
    document.addEventListener("keydown", (event) => this.key(event), options);
  }

  end(): void {
    this.stop.abort();
  }

  private down(event: PointerEvent): void {
    const { solid, workspace } = this;
    const tool = workspace.tools.chosen?.name ?? "";
    const turns = event.buttons === LEFT && event.isPrimary && !OF_PLACE.has(tool);
    const isShift = event.buttons === RIGHT && solid.look.stops !== null;
    if (!turns && !isShift) return;
    event.stopPropagation();
    workspace.activate(solid.pane);
    solid.pane.viewport.focus({ preventScroll: true });
    if (event.isTrusted) solid.pane.viewport.setPointerCapture(event.pointerId);
    this.pull = { pointerId: event.pointerId, isShift, last: [event.clientX, event.clientY] };
  }

  private move(event: PointerEvent): void {
    const { pull, solid } = this;
    if (pull?.pointerId !== event.pointerId) return;
    event.stopPropagation();
    const [x, y] = [event.clientX - pull.last[0], event.clientY - pull.last[1]];
    pull.last = [event.clientX, event.clientY];
    if (pull.isShift) this.shift(x, y);
    else solid.eye = turnedBy(solid.eye, x * PER_PIXEL, y * PER_PIXEL);
  }

  /** As a window is dragged: to the right wider, down to higher values. */
  private shift(x: number, y: number): void {
    const { solid } = this;
    const { by, factor } = solid.shift;
    const after = dragged({ center: by, width: 400 * factor }, x, y);
    solid.shift = { by: after.center, factor: Math.max(0.05, after.width / 400) };
  }

  private up(event: PointerEvent): void {
    if (this.pull?.pointerId !== event.pointerId) return;
    event.stopPropagation();
    this.pull = null;
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const { pane } = this.solid;
    this.workspace.activate(pane);
    const box = pane.viewport.getBoundingClientRect();
    const turned = event.deltaMode === 0 ? event.deltaY : event.deltaY * 40;
    pane.view.zoomBy(0.998 ** turned, [event.clientX - box.left, event.clientY - box.top]);
  }

  private key(event: KeyboardEvent): void {
    const { solid, workspace } = this;
    if (workspace.active !== solid.pane || document.querySelector("dialog[open]")) return;
    const focused = document.activeElement;
    const name = keyName(event);
    const control = focused && { tag: focused.tagName, type: focused.getAttribute("type") ?? "" };
    if (belongsToControl(name, control)) return;
    const isFine = name.startsWith("Shift+");
    const way = ARROWS[name.replace("Shift+", "")];
    if (name === "Esc" && solid.drawing.kind === "drawing") solid.stop();
    else if (name === "Home") solid.shift = NO_SHIFT;
    else if (way) {
      const by = isFine ? PER_FINE_PRESS : PER_PRESS;
      solid.eye = turnedBy(solid.eye, way[0] * by, way[1] * by);
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}
