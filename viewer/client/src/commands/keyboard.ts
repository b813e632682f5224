/** Hands key presses of the page to commands. */
import { belongsToControl, keyName } from "./keys.ts";
import type { Commands } from "./registry.ts";

/** Handles a press before the commands do; true where it was for them. */
export type KeyHandler = (event: KeyboardEvent, name: string) => boolean;

export function listenToKeys(commands: Commands, first: KeyHandler): void {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const name = keyName(event);
    const focused = document.activeElement;
    const control = focused && { tag: focused.tagName, type: focused.getAttribute("type") ?? "" };
    if (belongsToControl(name, control)) return;
    const inDialog = document.querySelector("dialog[open]") !== null;
    if (!inDialog && first(event, name)) {
      event.preventDefault();
      return;
    }
    const command = commands.byKey(name);
    if (!command || (inDialog && !command.inDialogs)) return;
    event.preventDefault();
    commands.run(command.id);
  });
}
