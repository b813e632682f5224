/** What the reader has set, kept by the portal for every place they read at. */

import { type PortalAccess, sendJson } from "../http/portal.ts";
import type { Preferences } from "../studies/config.ts";

/** Changes that follow each other within this time (ms) are saved together. */
const SETTLE = 800;

export class PreferenceStore {
  private values: Preferences;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<(values: Preferences) => void>();

  constructor(
    initial: Preferences,
    private readonly url: string,
    private readonly access: PortalAccess,
  ) {
    this.values = initial;
    // What was set just now is kept too when the page is left.
    window.addEventListener("pagehide", () => {
      if (this.timer !== undefined) void this.save(true);
    });
  }

  get all(): Preferences {
    return this.values;
  }

  get(name: string): unknown {
    return this.values[name];
  }

  /** Sets one thing; undefined forgets it. */
  set(name: string, value: unknown): void {
    const { [name]: _before, ...others } = this.values;
    this.values = value === undefined ? others : { ...others, [name]: value };
    for (const listener of this.listeners) listener(this.values);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(false), SETTLE);
  }

  onChange(listener: (values: Preferences) => void): void {
    this.listeners.add(listener);
  }

  /** A setting that cannot be saved still holds on this page; the next change saves it too. */
  private async save(outlivesPage: boolean): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.url === "") return;
    await sendJson("PUT", this.url, this.values, this.access, outlivesPage).catch((error: unknown) =>
      console.warn(error),
    );
  }
}
