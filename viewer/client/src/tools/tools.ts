/** The tools, and which button or finger uses which. */
import type { Pane } from "../panes/pane.ts";
import type { Interceptor } from "./intercept.ts";
import type { Press, Tool } from "./tool.ts";

export type Button = "left" | "right" | "middle" | "both";

export type Bindings = Readonly<Record<Exclude<Button, "left">, string>>;

/** As in the key list: right window, middle move, both zoom; the left button uses the chosen tool. */
export const DEFAULT_BINDINGS: Bindings = { right: "window", middle: "move", both: "zoom" };

export class Tools {
  private readonly byName = new Map<string, Tool>();
  private bindings: Bindings = DEFAULT_BINDINGS;
  private chosenName = "";
  private readonly listeners = new Set<(name: string) => void>();
  /** Comes before the chosen tool: what is drawn on an image is taken hold of with any tool. */
  interceptor: Interceptor | null = null;

  add(...tools: readonly Tool[]): void {
    for (const tool of tools) this.byName.set(tool.name, tool);
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  bind(bindings: Partial<Bindings>): void {
    this.bindings = { ...this.bindings, ...bindings };
  }

  get chosen(): Tool | null {
    return this.byName.get(this.chosenName) ?? null;
  }

  choose(name: string): void {
    const tool = this.byName.get(name);
    if (!tool || name === this.chosenName) return;
    this.chosen?.leave?.();
    this.chosenName = name;
    for (const listener of this.listeners) listener(name);
  }

  onChoose(listener: (name: string) => void): void {
    this.listeners.add(listener);
  }

  of(button: Button): Tool | null {
    return button === "left" ? this.chosen : (this.byName.get(this.bindings[button]) ?? null);
  }

  hover(pane: Pane, press: Press): void {
    this.chosen?.hover?.(pane, press);
  }
}
