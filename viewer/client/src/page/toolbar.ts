/** Everything with data-command on the page: does it, shows whether it is on, names its key. */
import { ariaKey, shownKey } from "../commands/keys.ts";
import type { Commands } from "../commands/registry.ts";
import { keepFocus, mark, press, write } from "./elements.ts";

export class Toolbar {
  private readonly buttons = [...document.querySelectorAll<HTMLButtonElement>("[data-command]")];

  private drawing: number | null = null;

  constructor(private readonly commands: Commands) {
    for (const button of this.buttons) this.listen(button);
    for (const element of document.querySelectorAll<HTMLElement>("[data-keep-focus]")) keepFocus(element);
    commands.onChange(() => this.drawSoon());
    this.draw();
  }

  private listen(button: HTMLButtonElement): void {
    keepFocus(button);
    button.addEventListener("click", () => this.commands.run(button.dataset.command ?? ""));
  }

  /** Once for each frame of the screen, however much has changed. */
  private drawSoon(): void {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.draw();
    });
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
      if (on !== undefined) press(button, on);
      this.nameKey(button, command.title, this.commands.keysOf(command)[0]);
    }
  }

  private nameKey(button: HTMLButtonElement, title: string, key: string | undefined): void {
    mark(button, "title", key ? `${title} (${shownKey(key)})` : title);
    mark(button, "aria-keyshortcuts", key ? ariaKey(key) : null);
    const shown = button.querySelector(".key");
    if (shown) write(shown, key ? shownKey(key).replace("Shift", "⇧") : "");
  }
}
