/** Takes hold of the crosshair with mouse or finger, before any tool does. */
import { apply } from "../engine/camera.ts";
import type { Pane } from "../panes/pane.ts";
import { angleOf, type Cross, drawCross, type Grip, gripAt, handleDistance } from "./crosshair.ts";
import type { Mpr } from "./mpr.ts";
import { pixelOf } from "./plane_grid.ts";
import { lineOf, PLANES, type PlaneName } from "./planes.ts";

/** A finger is less sure than a mouse (CSS pixels). */
const REACH = { mouse: 10, touch: 22 } as const;

/** The crosshair as it lies on a pane. */
export function crossOn(mpr: Mpr, name: PlaneName, pane: Pane): Cross | null {
  const { affine } = pane.view;
  if (!affine) return null;
  const center = apply(affine, pixelOf(mpr.plane(name).grid, mpr.state.center));
  const lines = PLANES.filter((other) => other !== name).map((other) => {
    const [x, y] = lineOf(mpr.state, name, other);
    const way = [affine.a * x + affine.c * y, affine.b * x + affine.d * y] as const;
    const length = Math.hypot(...way) || 1;
    return { plane: other, way: [way[0] / length, way[1] / length] as const };
  });
  return { center, lines };
}

export function drawCrossOn(mpr: Mpr, name: PlaneName, pane: Pane): void {
  const { clientWidth, clientHeight } = pane.viewport;
  drawCross(pane.svg, crossOn(mpr, name, pane), clientWidth, clientHeight);
}

interface Held {
  readonly pointerId: number;
  readonly grip: Grip;
  angle: number;
}

export class Grips {
  private held: Held | null = null;
  private due: (() => void) | null = null;

  constructor(
    private readonly pane: Pane,
    private readonly mpr: () => Mpr | null,
    private readonly activate: (pane: Pane) => void,
  ) {
    const { element } = pane;
    element.addEventListener("pointerdown", (event) => this.down(event), { capture: true });
    element.addEventListener("pointermove", (event) => this.move(event), { capture: true });
    for (const kind of ["pointerup", "pointercancel"] as const) {
      element.addEventListener(kind, (event) => this.up(event), { capture: true });
    }
  }

  private get name(): PlaneName | null {
    return this.mpr()?.nameIn(this.pane) ?? null;
  }

  private at(event: PointerEvent): readonly [number, number] {
    const box = this.pane.viewport.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private gripUnder(event: PointerEvent): Grip | null {
    const [mpr, name] = [this.mpr(), this.name];
    const cross = mpr && name && crossOn(mpr, name, this.pane);
    if (!cross) return null;
    const { clientWidth, clientHeight } = this.pane.viewport;
    const reach = event.pointerType === "touch" ? REACH.touch : REACH.mouse;
    return gripAt(cross, this.at(event), handleDistance(clientWidth, clientHeight), reach);
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0 || this.held) return;
    const grip = this.gripUnder(event);
    if (!grip) return;
    event.stopPropagation();
    event.preventDefault();
    this.activate(this.pane);
    this.pane.viewport.focus({ preventScroll: true });
    if (event.isTrusted) this.pane.viewport.setPointerCapture(event.pointerId);
    this.held = { pointerId: event.pointerId, grip, angle: grip.kind === "turn" ? grip.from : 0 };
  }

  private move(event: PointerEvent): void {
    const { held } = this;
    if (!held) {
      this.hover(event);
      return;
    }
    if (event.pointerId !== held.pointerId) return;
    event.stopPropagation();
    const point = this.at(event);
    this.soon(() => this.pull(held, point));
  }

  /** The pointer may move many times between two pictures: the last place counts. */
  private soon(act: () => void): void {
    if (this.due === null) {
      requestAnimationFrame(() => {
        const { due } = this;
        this.due = null;
        due?.();
      });
    }
    this.due = act;
  }

  private pull(held: Held, point: readonly [number, number]): void {
    const [mpr, name] = [this.mpr(), this.name];
    if (!mpr || !name) return;
    if (held.grip.kind === "center") {
      mpr.moveUnder(name, point);
      return;
    }
    const cross = crossOn(mpr, name, this.pane);
    const { affine } = this.pane.view;
    if (!cross || !affine) return;
    const angle = angleOf(cross, point);
    const isMirrored = affine.a * affine.d - affine.b * affine.c < 0;
    mpr.turn(name, (angle - held.angle) * (isMirrored ? -1 : 1));
    held.angle = angle;
  }

  private up(event: PointerEvent): void {
    const { held } = this;
    if (held?.pointerId !== event.pointerId) return;
    event.stopPropagation();
    const { due } = this;
    this.due = null;
    due?.();
    this.held = null;
  }

  private hover(event: PointerEvent): void {
    if (event.buttons !== 0) return;
    const grip = this.gripUnder(event);
    if (grip) this.pane.viewport.dataset.grip = grip.kind;
    else delete this.pane.viewport.dataset.grip;
  }
}
