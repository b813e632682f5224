/** Turns mouse and fingers on a pane into drags of tools. */
import type { Pane } from "../panes/pane.ts";
import type { Drag, Point, Press, Tool } from "./tool.ts";
import type { Button, Tools } from "./tools.ts";
import { TwoFingers } from "./two_fingers.ts";

interface Running {
  readonly drag: Drag;
  readonly pointerId: number;
  /** Buttons that were down when it began. */
  readonly buttons: number;
}

const LEFT = 1;
const RIGHT = 2;
const MIDDLE = 4;

export function buttonOf(buttons: number): Button | null {
  if ((buttons & (LEFT | RIGHT)) === (LEFT | RIGHT)) return "both";
  if (buttons & LEFT) return "left";
  if (buttons & RIGHT) return "right";
  return buttons & MIDDLE ? "middle" : null;
}

export function pressAt(pane: Pane, event: PointerEvent): Press {
  const box = pane.viewport.getBoundingClientRect();
  const point: Point = [event.clientX - box.left, event.clientY - box.top];
  return { point, pixel: pane.view.canvasToPixel(point), event };
}

export class Pointer {
  private running: Running | null = null;
  private readonly fingers: TwoFingers;

  constructor(
    private readonly pane: Pane,
    private readonly tools: Tools,
    private readonly activate: (pane: Pane) => void,
  ) {
    const { viewport } = pane;
    this.fingers = new TwoFingers(pane);
    viewport.addEventListener("pointerdown", (event) => this.down(event));
    viewport.addEventListener("pointermove", (event) => this.move(event));
    viewport.addEventListener("pointerup", (event) => this.up(event));
    viewport.addEventListener("pointercancel", (event) => this.lost(event));
    viewport.addEventListener("contextmenu", (event) => event.preventDefault());
    viewport.addEventListener("auxclick", (event) => event.preventDefault());
  }

  /** Ends the drag without its effect; true where there was one. */
  cancel(): boolean {
    const { running } = this;
    this.running = null;
    running?.drag.cancel();
    return running !== null;
  }

  private down(event: PointerEvent): void {
    this.activate(this.pane);
    if (!this.pane.view.frame) return;
    // Not for made-up events of assistive programs, which have no pointer to hold.
    if (event.isTrusted) this.pane.viewport.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch" && this.fingers.down(event)) {
      this.cancel();
      return;
    }
    this.begin(event);
  }

  /** A drag with the tool of the buttons that are down now; a second button takes over from the first. */
  private begin(event: PointerEvent): void {
    const button = buttonOf(event.buttons);
    const tool: Tool | null = button && this.tools.of(button);
    this.cancel();
    if (!tool) return;
    const press = pressAt(this.pane, event);
    const held = button === "left" ? this.tools.interceptor?.press(this.pane, press, tool) : null;
    const drag = held ?? tool.begin(this.pane, press);
    if (drag) this.running = { drag, pointerId: event.pointerId, buttons: event.buttons };
  }

  private move(event: PointerEvent): void {
    if (!this.pane.view.frame) return;
    if (event.pointerType === "touch" && this.fingers.move(event)) return;
    const { running } = this;
    if (!running) {
      if (event.buttons === 0) this.tools.hover(this.pane, pressAt(this.pane, event));
      return;
    }
    if (event.pointerId !== running.pointerId) return;
    // A second button of the same mouse comes as a move.
    if (event.buttons !== running.buttons && event.buttons > running.buttons) this.begin(event);
    else if (event.buttons === running.buttons) running.drag.move(pressAt(this.pane, event));
  }

  private up(event: PointerEvent): void {
    if (event.pointerType === "touch" && this.fingers.up(event)) return;
    const { running } = this;
    if (!running || event.pointerId !== running.pointerId) return;
    this.running = null;
    running.drag.end(pressAt(this.pane, event));
  }

  private lost(event: PointerEvent): void {
    if (event.pointerType === "touch") this.fingers.up(event);
    if (this.running?.pointerId === event.pointerId) this.cancel();
  }
}
