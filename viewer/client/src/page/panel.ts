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

/** On screens narrower than this (CSS px) the panel lies over the image. */
const COVERS = 900;
const BESIDE = 1200;

export class Panel {
  private readonly element = part("panel");
  private readonly tabs = new Map<string, HTMLButtonElement>();
  /** Over the image it is open for a look, and never from the start. */
  private isOverImage = false;

  constructor(private readonly workspace: Workspace) {
    const { commands, preferences } = workspace;
    commands.add({
      id: "panel",
      group: "view",
      title: _("Show, hide the panel"),
      keys: ["E"],
      run: () => this.open(this.element.hidden !== false),
      enabled: () => this.tabs.size > 0,
    });
    preferences.onChange(() => this.draw());
    window.addEventListener("resize", () => this.draw());
    // What leads to an image is of no use while the panel hides it.
    part("panel-bodies").addEventListener("click", ({ target }) => {
      if (this.covers && target instanceof Element && target.closest("[data-leads-to-image]"))
        this.open(false);
    });
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
        // On a phone the image comes first; the tab is there when the panel is opened.
        if (!this.covers) this.open(true);
      },
    };
  }

  private get covers(): boolean {
    return window.innerWidth < COVERS;
  }

  private open(open: boolean): void {
    if (!this.covers) {
      this.workspace.preferences.set(OPEN, open);
      return;
    }
    this.isOverImage = open;
    this.draw();
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
    const chosen = this.workspace.preferences.get(OPEN);
    const beside = typeof chosen === "boolean" ? chosen : window.innerWidth >= BESIDE;
    this.element.hidden = this.tabs.size === 0 || !(this.covers ? this.isOverImage : beside);
    this.workspace.commands.show("panel", !this.element.hidden);
  }
}
