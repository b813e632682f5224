/** The wheel over an image: scrolls; with Ctrl, or as a pinch on a touchpad, zooms. */
import type { Pane } from "../panes/pane.ts";

/** Wheel turned so far, in images: a notch of a mouse is one, 40 px of a touchpad are one. */
export function wheelRest(rest: number, turn: { deltaY: number; deltaMode: number }): number {
  const turned = turn.deltaMode === 0 ? turn.deltaY / 40 : turn.deltaY;
  const notch = Math.abs(turned) >= 1 ? Math.sign(turned) : turned;
  return Math.sign(rest) === Math.sign(notch) ? rest + notch : notch;
}

export function listenToWheel(pane: Pane, activate: (pane: Pane) => void): void {
  let rest = 0;
  const turn = (event: WheelEvent) => {
    event.preventDefault();
    activate(pane);
    // A pinch on a touchpad arrives as a wheel with Ctrl.
    if (event.ctrlKey) {
      const box = pane.viewport.getBoundingClientRect();
      pane.view.zoomBy(0.998 ** event.deltaY, [event.clientX - box.left, event.clientY - box.top]);
      return;
    }
    rest = wheelRest(rest, event);
    const images = Math.trunc(rest);
    rest -= images;
    if (images !== 0) pane.step(images);
  };
  pane.viewport.addEventListener("wheel", turn, { passive: false });
}
