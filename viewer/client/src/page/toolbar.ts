/** The rail of tools and the row of window presets. */

import { type Preset, presetOf, type Window } from "../dicom/windows.ts";
import type { ToolName } from "../engine/tools.ts";
import { keepFocus, part, press } from "./elements.ts";

export interface ToolbarHooks {
  chooseTool(tool: ToolName): void;
  choosePreset(preset: Preset): void;
  fit(): void;
}

const FOLDED = "viewer-tools-folded";

function buttons(selector: string): HTMLButtonElement[] {
  return [...document.querySelectorAll<HTMLButtonElement>(selector)];
}

export class Toolbar {
  private readonly toolButtons = buttons("[data-tool]");
  private readonly presetButtons = buttons("[data-preset]");

  constructor(
    private readonly presets: readonly Preset[],
    hooks: ToolbarHooks,
  ) {
    for (const button of [...this.toolButtons, ...this.presetButtons, ...buttons("[data-keep-focus]")]) {
      keepFocus(button);
    }
    for (const button of this.toolButtons) {
      button.addEventListener("click", () => hooks.chooseTool(button.dataset.tool as ToolName));
    }
    for (const button of this.presetButtons) {
      const preset = presets.find(({ key }) => key === button.dataset.preset);
      if (preset) button.addEventListener("click", () => hooks.choosePreset(preset));
    }
    part("tool-fit").addEventListener("click", () => hooks.fit());
    part("tool-fold").addEventListener("click", () => this.fold());
    this.setFolded(sessionStorage.getItem(FOLDED) === "yes");
  }

  showTool(tool: ToolName): void {
    for (const button of this.toolButtons) press(button, button.dataset.tool === tool);
  }

  /** Presets are in HU: they are offered for CT only, the data's own window for every grey image. */
  offerPresets(modality: string, color: boolean): void {
    part("presets").dataset.offer = color ? "none" : modality === "CT" ? "all" : "own";
  }

  showWindow(window: Window | null, own: boolean): void {
    const chosen = own
      ? this.presets.find((preset) => preset.window === null)
      : window && presetOf(window, this.presets);
    for (const button of this.presetButtons) press(button, chosen?.key === button.dataset.preset);
  }

  fold(): void {
    this.setFolded(!document.body.hasAttribute("data-tools-folded"));
  }

  private setFolded(folded: boolean): void {
    document.body.toggleAttribute("data-tools-folded", folded);
    part("tool-fold").setAttribute("aria-expanded", String(!folded));
    for (const button of buttons(".tool")) {
      const words = button.querySelector(".tool-words")?.textContent ?? "";
      button.title = folded ? `${words} (${button.getAttribute("aria-keyshortcuts")})` : "";
    }
    sessionStorage.setItem(FOLDED, folded ? "yes" : "no");
  }
}
