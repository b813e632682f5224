/** The panel right of the images: tabs that features fill. */
import { _ } from "../words/say.ts";
import { part } from "./elements.ts";
import type { Workspace } from "./workspace.ts";

export interface Tab {
  /** The element that the feature fills. */
  readonly body: HTMLElement;
  /** Writes the tab's name, with its count: "Measured 3". */
  name(words: string): void;
  /** Opens the panel on this tab. */
  show(): void;
}

const OPEN = "panel_open";

export class Panel {
  private readonly element = part("panel");
  private readonly tabs = new Map<string, HTMLButtonElement>();

  constructor(private readonly workspace: Workspace) {
    const { commands, preferences } = workspace;
    commands.add({
      id: "panel",
      group: "view",
      title: _("Show, hide the panel"),
      keys: ["E"],
      run: () => preferences.set(OPEN, this.element.hidden),
      enabled: () => this.tabs.size > 0,
    });
    preferences.onChange(() => this.draw());
    part("panel-tabs").addEventListener("keydown", (event) => this.move(event));
  }

  /** Adds a tab; the first one is chosen. */
  add(id: string, words: string): Tab {
    const tab = document.createElement("button");
    const body = document.createElement("div");
    tab.type = "button";
    tab.id = `panel-tab-${id}`;
    body.id = `panel-body-${id}`;
    tab.className = "panel-tab";
    tab.dataset.testid = `panel-tab-${id}`;
    tab.textContent = words;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", body.id);
    body.className = "panel-body";
    body.dataset.testid = `panel-${id}`;
    body.setAttribute("role", "tabpanel");
    body.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => this.choose(id));
    part("panel-tabs").append(tab);
    part("panel-bodies").append(body);
    this.tabs.set(id, tab);
    if (this.tabs.size === 1) this.choose(id);
    else body.hidden = true;
    this.draw();
    this.workspace.commands.changed();
    return {
      body,
      name: (name) => {
        if (tab.textContent !== name) tab.textContent = name;
      },
      show: () => {
        this.choose(id);
        this.workspace.preferences.set(OPEN, true);
      },
    };
  }

  private choose(id: string): void {
    for (const [key, tab] of this.tabs) {
      const chosen = key === id;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      part(`panel-body-${key}`).hidden = !chosen;
    }
  }

  private move(event: KeyboardEvent): void {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    const ids = [...this.tabs.keys()];
    const at = ids.findIndex((id) => this.tabs.get(id)?.getAttribute("aria-selected") === "true");
    const next = ids[(at + by + ids.length) % ids.length];
    if (next === undefined) return;
    this.choose(next);
    this.tabs.get(next)?.focus();
    event.stopPropagation();
  }

  /** Open where there is room for it, unless the reader closed it. */
  private draw(): void {
    const wide = window.innerWidth >= 1200;
    const chosen = this.workspace.preferences.get(OPEN);
    this.element.hidden = this.tabs.size === 0 || !(typeof chosen === "boolean" ? chosen : wide);
    this.workspace.commands.show("panel", !this.element.hidden);
  }
}
