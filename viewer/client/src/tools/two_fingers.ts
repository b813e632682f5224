/** Two fingers on an image: pinch zooms, moving together pans, a still hold sets the window. */
import type { Pane } from "../panes/pane.ts";
import { dragWindow } from "./look.ts";
import type { Point } from "./tool.ts";

/** Two fingers that rest for this long (ms) set the window from then on. */
const HOLD = 400;

/** Fingers that move less than this (px) rest. */
const STILL = 8;

interface Pair {
  readonly center: Point;
  readonly distance: number;
}

function pairOf(a: Point, b: Point): Pair {
  return {
    center: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2],
    distance: Math.hypot(a[0] - b[0], a[1] - b[1]),
  };
}

export class TwoFingers {
  private readonly points = new Map<number, Point>();
  private last: Pair | null = null;
  private start: { pair: Pair; at: number } | null = null;
  private mode: "waiting" | "zoom" | "window" = "waiting";

  constructor(private readonly pane: Pane) {}

  /** True where this finger makes two. */
  down(event: PointerEvent): boolean {
    this.points.set(event.pointerId, this.pointOf(event));
    const pair = this.pair();
    if (!pair) return false;
    this.last = pair;
    this.start = { pair, at: event.timeStamp };
    this.mode = "waiting";
    return true;
  }

  /** True while two fingers are down, or one of two is left. */
  move(event: PointerEvent): boolean {
    if (!this.points.has(event.pointerId)) return false;
    this.points.set(event.pointerId, this.pointOf(event));
    const pair = this.pair();
    if (!pair || !this.last || !this.start) return this.start !== null;
    this.decide(pair, event.timeStamp);
    const [x, y] = [pair.center[0] - this.last.center[0], pair.center[1] - this.last.center[1]];
    if (this.mode === "window") dragWindow(this.pane, x, y);
    if (this.mode === "zoom") {
      this.pane.view.panBy(x, y);
      if (this.last.distance > 0) this.pane.view.zoomBy(pair.distance / this.last.distance, pair.center);
    }
    if (this.mode !== "waiting") this.last = pair;
    return true;
  }

  /** True where the finger was one of two; the other one then does nothing until it is lifted. */
  up(event: PointerEvent): boolean {
    const wasOfTwo = this.start !== null;
    this.points.delete(event.pointerId);
    this.last = null;
    if (this.points.size === 0) this.start = null;
    return wasOfTwo;
  }

  private decide(pair: Pair, now: number): void {
    if (this.mode !== "waiting" || !this.start) return;
    const { pair: first, at } = this.start;
    const moved = Math.hypot(pair.center[0] - first.center[0], pair.center[1] - first.center[1]);
    const spread = Math.abs(pair.distance - first.distance);
    if (moved < STILL && spread < STILL) return;
    this.mode = now - at >= HOLD ? "window" : "zoom";
    this.last = pair;
  }

  private pair(): Pair | null {
    const [a, b] = [...this.points.values()];
    return a && b ? pairOf(a, b) : null;
  }

  private pointOf(event: PointerEvent): Point {
    const box = this.pane.viewport.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}
