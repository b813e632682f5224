/** The marks of one study as the page knows them: loaded, changed at once, saved behind. */
import { Refused } from "../http/failures.ts";
import { type Clock, WALL_CLOCK } from "../http/gate.ts";
import type { MarksApi } from "./api.ts";
import { isOn, type Mark, type Place } from "./marks.ts";
import { type Keep, Outbox, type Refusal, type SaveState } from "./outbox.ts";
import { isOnPlane } from "./places.ts";

export type LoadState = "loading" | "ready" | "failed" | "refused";

export interface StoreHooks {
  changed(): void;
  /** Somebody else's version stands now; the reader's own is kept as a copy. */
  conflict(id: string, copy: Mark | null): void;
  /** The portal keeps a change: other windows of the reader may want to know. */
  kept(): void;
  refused(why: Refusal): void;
}

export interface StoreOptions {
  /** Whether marks are saved: without the permission they live on this page alone. */
  readonly saves: boolean;
  /** Name of the reader, as others see it. */
  readonly me: string;
  /** The DICOM Server that holds the study: another may hold one of the same UID, with other marks. */
  readonly serverId: string;
  /** Whether the portal gives marks out at all. */
  readonly reads: boolean;
  readonly keep: Keep | null;
  readonly clock?: Clock;
  newId(): string;
}

/** Pauses between tries to load (ms). */
const RETRY = 5_000;

export class StudyMarks {
  private readonly marks = new Map<string, Mark>();
  /** Version that the portal keeps of a mark, also of one that was taken away. */
  private readonly versions = new Map<string, number>();
  private readonly outbox: Outbox | null;
  private loading: LoadState = "loading";
  private saving: SaveState = { kind: "saved" };

  constructor(
    readonly studyUid: string,
    private readonly api: MarksApi,
    private readonly hooks: StoreHooks,
    readonly options: StoreOptions,
  ) {
    const key = `marks ${options.serverId} ${studyUid} ${options.me}`;
    const outboxHooks = {
      saved: (id: string, kept: Mark | null, version: number) => this.saved(id, kept, version),
      conflict: (id: string, current: Mark | null, mine: Mark | null) => this.conflict(id, current, mine),
      refused: (_id: string, why: Refusal) => hooks.refused(why),
      changed: (state: SaveState) => {
        this.saving = state;
        hooks.changed();
      },
    };
    const clock = options.clock ?? WALL_CLOCK;
    this.outbox = options.saves ? new Outbox(api, outboxHooks, options.keep, key, clock) : null;
  }

  get state(): LoadState {
    return this.loading;
  }

  get saveState(): SaveState {
    return this.saving;
  }

  get saves(): boolean {
    return this.options.saves;
  }

  /** In the order of their making. */
  get all(): readonly Mark[] {
    return [...this.marks.values()];
  }

  get(id: string): Mark | null {
    return this.marks.get(id) ?? null;
  }

  on(place: Place | null): readonly Mark[] {
    return place ? this.all.filter((mark) => isOn(mark, place)) : [];
  }

  /** Reads what is kept; tries again until it can, and lays over it what still waits here. */
  async load(): Promise<void> {
    const clock = this.options.clock ?? WALL_CLOCK;
    const restored = this.outbox?.restore() ?? new Map();
    for (const [id, { mark }] of restored) if (mark) this.marks.set(id, mark);
    while (this.options.reads) {
      try {
        this.take(await this.api.list());
        break;
      } catch (error) {
        this.loading = error instanceof Refused ? "refused" : "failed";
        this.hooks.changed();
        if (error instanceof Refused) return;
        await new Promise<void>((resolve) => clock.after(RETRY, resolve));
      }
    }
    this.loading = "ready";
    this.hooks.changed();
    if (restored.size > 0) void this.outbox?.run();
  }

  /** Reads again what others may have changed; what waits here stays. */
  async refresh(): Promise<void> {
    if (this.loading !== "ready" || !this.options.reads) return;
    try {
      this.take(await this.api.list());
      this.hooks.changed();
    } catch {
      // What is shown is still what was kept a moment ago.
    }
  }

  /** Makes, changes or (null) takes away a mark of one's own. */
  set(id: string, mark: Mark | null): void {
    const subject = mark ?? this.marks.get(id);
    if (mark) this.marks.set(id, mark);
    else this.marks.delete(id);
    const isKept = subject !== undefined && !isOnPlane(subject);
    if (isKept) this.outbox?.want(id, { mark, basedOn: this.versions.get(id) ?? 0 });
    this.hooks.changed();
  }

  /** Access has ended: nothing of the study stays on the page. */
  forget(): void {
    this.marks.clear();
    this.loading = "refused";
    this.hooks.changed();
  }

  tryNow(): void {
    this.outbox?.tryNow();
  }

  versionsOf(id: string): Promise<Mark[]> {
    return this.api.versions(id);
  }

  private take(kept: readonly Mark[]): void {
    const waits = (id: string) => this.outbox?.has(id) ?? false;
    const own = new Map(this.marks);
    this.marks.clear();
    for (const mark of kept) {
      this.versions.set(mark.id, mark.version);
      const mine = own.get(mark.id);
      if (!waits(mark.id)) this.marks.set(mark.id, mark);
      else if (mine) this.marks.set(mark.id, mine);
    }
    // What the portal has not seen yet, or never will, is on this page alone.
    for (const [id, mark] of own) {
      const isOnlyHere = waits(id) || !this.options.saves || isOnPlane(mark);
      if (isOnlyHere && !this.marks.has(id) && mark.author.isMe) this.marks.set(id, mark);
    }
  }

  private saved(id: string, kept: Mark | null, version: number): void {
    this.versions.set(id, version);
    this.hooks.kept();
    const mark = this.marks.get(id);
    if (!kept || !mark) return;
    // The reader may have drawn on meanwhile: only what the portal says of it is taken over.
    const { author, createdAt, changedAt } = kept;
    this.marks.set(id, { ...mark, version, author, createdAt, changedAt });
    this.hooks.changed();
  }

  private conflict(id: string, current: Mark | null, mine: Mark | null): void {
    if (current) {
      this.versions.set(id, current.version);
      this.marks.set(id, current);
    } else {
      this.marks.delete(id);
    }
    const copy = mine && { ...mine, id: this.options.newId(), version: 0, createdAt: "", changedAt: "" };
    if (copy) this.set(copy.id, copy);
    this.hooks.conflict(id, copy);
    this.hooks.changed();
  }
}
