/** What the reader has set, kept by the portal for every place they read at; windows share what they change. */

import { type PortalAccess, sendJson } from "../http/portal.ts";
import type { Preferences } from "../studies/config.ts";
import { type Changes, changed, changesBetween, isRecord } from "./changes.ts";

/** Changes that follow each other within this time (ms) are saved together. */
const SETTLE = 800;

export class PreferenceStore {
  private values: Preferences;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<(values: Preferences) => void>();
  /** The reader's other windows in this browser. */
  private readonly others: BroadcastChannel;

  constructor(
    /** As the portal has them, as far as this window knows. */
    private kept: Preferences,
    private readonly url: string,
    private readonly access: PortalAccess,
  ) {
    this.values = kept;
    this.others = new BroadcastChannel(`preferences ${url}`);
    this.others.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (isRecord(data)) this.learn(changed(this.kept, data));
    });
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
    this.tell();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(false), SETTLE);
  }

  onChange(listener: (values: Preferences) => void): void {
    this.listeners.add(listener);
  }

  private tell(): void {
    for (const listener of this.listeners) listener(this.values);
  }

  /** Sends what was changed here alone, so that what another window changed elsewhere stays. */
  private async save(outlivesPage: boolean): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const changes = changesBetween(this.kept, this.values);
    if (this.url === "" || Object.keys(changes).length === 0) return;
    try {
      const { status, body } = await sendJson("PATCH", this.url, changes, this.access, outlivesPage);
      if (status >= 300 || !isRecord(body)) return;
      this.others.postMessage(changes satisfies Changes);
      this.learn(body);
    } catch (error) {
      // It still holds on this page, and the next change saves it too.
      console.warn(error);
    }
  }

  /** Takes what the portal has now; what was set here and is not saved yet stays on top. */
  private learn(kept: Preferences): void {
    const unsaved = changesBetween(this.kept, this.values);
    const values = changed(kept, unsaved);
    const isNews = Object.keys(changesBetween(this.values, values)).length > 0;
    this.kept = kept;
    this.values = values;
    if (isNews) this.tell();
  }
}
