/** Keys and wheel, turned into what the reader of the page wants. */
import type { ToolName } from "../engine/tools.ts";
import { belongsToControl, type Command, commandOf, type Direction } from "./keys.ts";

export interface Actions {
  step(images: number): void;
  first(): void;
  last(): void;
  goToSeries(by: 1 | -1): void;
  playOrPause(): void;
  chooseTool(tool: ToolName): void;
  choosePresetKey(key: string): void;
  zoomBy(factor: number): void;
  nudge(x: number, y: number): void;
  fit(): void;
  fold(): void;
  showKeys(): void;
}

const STEPS: Readonly<Record<Direction, readonly [number, number]>> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1],
};

export function run(command: Command, actions: Actions): void {
  switch (command.do) {
    case "step":
      actions.step(command.images);
      break;
    case "first":
      actions.first();
      break;
    case "last":
      actions.last();
      break;
    case "series":
      actions.goToSeries(command.by);
      break;
    case "cine":
      actions.playOrPause();
      break;
    case "tool":
      actions.chooseTool(command.tool);
      break;
    case "preset":
      actions.choosePresetKey(command.key);
      break;
    case "zoom":
      actions.zoomBy(command.factor);
      break;
    case "nudge":
      actions.nudge(...STEPS[command.direction]);
      break;
    case "fit":
      actions.fit();
      break;
    case "fold":
      actions.fold();
      break;
    case "keys":
      actions.showKeys();
      break;
  }
}

/** Wheel turned so far, in images: a notch of a mouse is one, 40 px of a touchpad are one. */
export function wheelRest(rest: number, turn: { deltaY: number; deltaMode: number }): number {
  const turned = turn.deltaMode === 0 ? turn.deltaY / 40 : turn.deltaY;
  const notch = Math.abs(turned) >= 1 ? Math.sign(turned) : turned;
  return Math.sign(rest) === Math.sign(notch) ? rest + notch : notch;
}

function listenToKeys(actions: Actions): void {
  document.addEventListener("keydown", (event) => {
    const command = commandOf(event);
    const focused = document.activeElement;
    const control = focused && { tag: focused.tagName, type: focused.getAttribute("type") ?? "" };
    if (!command || belongsToControl(event, control)) return;
    if (document.querySelector("dialog[open]") && command.do !== "keys") return;
    event.preventDefault();
    run(command, actions);
  });
}

function listenToWheel(element: HTMLElement, actions: Actions): void {
  let rest = 0;
  const turn = (event: WheelEvent) => {
    event.preventDefault();
    // A pinch on a touchpad arrives as a wheel with Ctrl.
    if (event.ctrlKey) {
      actions.zoomBy(0.998 ** event.deltaY);
      return;
    }
    rest = wheelRest(rest, event);
    const images = Math.trunc(rest);
    rest -= images;
    if (images !== 0) actions.step(images);
  };
  element.addEventListener("wheel", turn, { passive: false });
}

export function listen(element: HTMLElement, actions: Actions): void {
  listenToKeys(actions);
  listenToWheel(element, actions);
  element.addEventListener("dblclick", () => actions.fit());
  element.addEventListener("contextmenu", (event) => event.preventDefault());
  // A focus that a pointer gave needs no ring; the first key brings it back.
  element.addEventListener("pointerdown", () => {
    element.toggleAttribute("data-by-pointer", true);
    element.focus({ preventScroll: true });
  });
  document.addEventListener("keydown", () => element.removeAttribute("data-by-pointer"));
}
