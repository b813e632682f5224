/** Everything with data-command on the page: does it, shows whether it is on, names its key. */
import { ariaKey, shownKey } from "../commands/keys.ts";
import type { Commands } from "../commands/registry.ts";
import { keepFocus } from "./elements.ts";

export class Toolbar {
  private readonly buttons = [...document.querySelectorAll<HTMLButtonElement>("[data-command]")];

  constructor(private readonly commands: Commands) {
    for (const button of this.buttons) this.listen(button);
    for (const element of document.querySelectorAll<HTMLElement>("[data-keep-focus]")) keepFocus(element);
    commands.onChange(() => this.draw());
    this.draw();
  }

  private listen(button: HTMLButtonElement): void {
    keepFocus(button);
    button.addEventListener("click", () => this.commands.run(button.dataset.command ?? ""));
  }

  /** A button whose command no part of this page brings is not offered. */
  private draw(): void {
    const byId = new Map(this.commands.all().map((command) => [command.id, command]));
    for (const button of this.buttons) {
      const id = button.dataset.command ?? "";
      const command = byId.get(id);
      button.hidden = !command;
      if (!command) continue;
      button.disabled = !this.commands.isEnabled(id);
      const on = this.commands.isOn(id);
      if (on !== undefined) button.setAttribute("aria-pressed", String(on));
      this.nameKey(button, command.title, this.commands.keysOf(command)[0]);
    }
  }

  private nameKey(button: HTMLButtonElement, title: string, key: string | undefined): void {
    button.title = key ? `${title} (${shownKey(key)})` : title;
    if (key) button.setAttribute("aria-keyshortcuts", ariaKey(key));
    else button.removeAttribute("aria-keyshortcuts");
    const shown = button.querySelector(".key");
    if (shown) shown.textContent = key ? shownKey(key).replace("Shift", "⇧") : "";
  }
}
