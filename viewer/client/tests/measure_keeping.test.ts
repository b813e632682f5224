import { describe, expect, it } from "vitest";
import { Gone, Refused, Unreachable } from "../src/http/failures.ts";
import { bodyOf, ChangedMeanwhile, type MarksApi, parseMark } from "../src/measure/api.ts";
import { History } from "../src/measure/history.ts";
import type { Mark } from "../src/measure/marks.ts";
import type { Keep } from "../src/measure/outbox.ts";
import { StudyMarks } from "../src/measure/store.ts";
import { FakeClock, settled } from "./samples.ts";

function mark(id: string, more: Partial<Mark> = {}): Mark {
  return {
    id,
    kind: "line",
    seriesUid: "1.2.3",
    sopInstanceUid: "1.2.3.4",
    frameNumber: 1,
    points: [
      [1, 2],
      [3, 4],
    ],
    text: "",
    values: {},
    author: { name: "Dr Elena Pascaru", isMe: true },
    version: 0,
    createdAt: "",
    changedAt: "",
    ...more,
  };
}

/** A portal in memory, with the same answers as the real one. */
class FakePortal implements MarksApi {
  readonly kept = new Map<string, Mark>();
  readonly log: string[] = [];
  failure: Error | null = null;
  /** Keeps what is sent, and loses the answer. */
  losesAnswers = false;

  list(): Promise<Mark[]> {
    return this.answer(() => [...this.kept.values()]);
  }

  put(sent: Mark, basedOn: number): Promise<Mark> {
    return this.answer(() => {
      const version = this.kept.get(sent.id)?.version ?? 0;
      if (version !== basedOn) throw new ChangedMeanwhile(this.kept.get(sent.id) ?? null);
      const next = { ...sent, version: version + 1, createdAt: "2026-11-20T10:00:00Z" };
      this.kept.set(sent.id, next);
      this.log.push(`put ${sent.id} ${basedOn}`);
      if (this.losesAnswers) throw new Unreachable("lost");
      return next;
    });
  }

  remove(id: string, version: number): Promise<void> {
    return this.answer(() => {
      this.kept.delete(id);
      this.log.push(`remove ${id} ${version}`);
    });
  }

  versions(): Promise<Mark[]> {
    return Promise.resolve([]);
  }

  private async answer<T>(act: () => T): Promise<T> {
    await Promise.resolve();
    if (this.failure) throw this.failure;
    return act();
  }
}

class FakeKeep implements Keep {
  readonly items = new Map<string, string>();
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}

function page(portal: FakePortal, keep = new FakeKeep(), saves = true, serverId = "A") {
  const clock = new FakeClock();
  const events: string[] = [];
  let copies = 0;
  const hooks = {
    changed() {},
    kept() {},
    conflict: (_id: string, copy: Mark | null) => events.push(`conflict ${copy?.id}`),
    refused: (why: string) => events.push(`refused ${why}`),
  };
  const newId = () => {
    copies += 1;
    return `copy-${copies}`;
  };
  const options = { saves, reads: true, me: "Dr Elena Pascaru", serverId, keep, clock, newId };
  return { store: new StudyMarks("1.2", portal, hooks, options), clock, events, keep };
}

describe("marks", () => {
  it("are there at once, and saved behind", async () => {
    const portal = new FakePortal();
    const { store } = page(portal);
    await store.load();
    store.set("a", mark("a"));
    expect(store.all).toHaveLength(1);
    expect(store.saveState).toEqual({ kind: "saving", count: 1 });
    await settled();
    expect(portal.log).toEqual(["put a 0"]);
    expect(store.saveState).toEqual({ kind: "saved" });
    expect(store.get("a")).toMatchObject({ version: 1, createdAt: "2026-11-20T10:00:00Z" });
  });

  it("are changed based on the version that is kept", async () => {
    const portal = new FakePortal();
    const { store } = page(portal);
    await store.load();
    store.set("a", mark("a"));
    store.set("a", mark("a", { text: "Nodule" }));
    await settled();
    store.set("a", mark("a", { text: "Nodule, right" }));
    store.set("a", null);
    await settled();
    // What follows within the same moment is one wish.
    expect(portal.log).toEqual(["put a 0", "remove a 1"]);
    expect(portal.kept.size).toBe(0);
  });

  it("come back after they were taken away, based on the deletion", async () => {
    const portal = new FakePortal();
    const { store } = page(portal);
    await store.load();
    store.set("a", mark("a"));
    await settled();
    store.set("a", null);
    await settled();
    portal.kept.set("a", mark("a", { version: 2 }));
    store.set("a", mark("a"));
    await settled();
    expect(portal.log).toEqual(["put a 0", "remove a 1", "put a 2"]);
  });

  it("wait while the portal cannot be reached, and are saved when it can", async () => {
    const portal = new FakePortal();
    const { store, clock, keep } = page(portal);
    await store.load();
    portal.failure = new Unreachable("no answer");
    store.set("a", mark("a"));
    store.set("b", mark("b"));
    await settled();
    expect(store.saveState).toMatchObject({ kind: "waiting", count: 2, signedOut: false });
    expect(keep.items.size).toBe(1);
    portal.failure = null;
    await clock.pass(20_000);
    expect([...portal.kept.keys()].sort()).toEqual(["a", "b"]);
    expect(store.saveState).toEqual({ kind: "saved" });
    expect(keep.items.size).toBe(0);
  });

  it("wait while somebody is signed out", async () => {
    const portal = new FakePortal();
    const { store, clock } = page(portal);
    await store.load();
    portal.failure = new Refused(401, "not_signed_in", "");
    store.set("a", mark("a"));
    await settled();
    expect(store.saveState).toMatchObject({ kind: "waiting", signedOut: true });
    portal.failure = null;
    await clock.pass(20_000);
    expect(portal.kept.size).toBe(1);
  });

  it("that wait are not saved to another server's study of the same UID", async () => {
    const [portal, other] = [new FakePortal(), new FakePortal()];
    const { store, keep } = page(portal);
    await store.load();
    portal.failure = new Unreachable("no answer");
    store.set("a", mark("a"));
    await settled();
    const { store: elsewhere } = page(other, keep, true, "B");
    await elsewhere.load();
    await settled();
    expect(elsewhere.all).toEqual([]);
    expect(other.log).toEqual([]);
  });

  it("outlive a reload of the page while the portal cannot be reached", async () => {
    const portal = new FakePortal();
    const first = page(portal);
    await first.store.load();
    portal.failure = new Unreachable("no answer");
    first.store.set("a", mark("a", { text: "Nodule" }));
    await settled();
    const second = page(portal, first.keep);
    const loading = second.store.load();
    await settled();
    expect(second.store.get("a")?.text).toBe("Nodule");
    portal.failure = null;
    await second.clock.pass(30_000);
    await loading;
    expect(portal.kept.get("a")?.text).toBe("Nodule");
    expect(second.store.all).toHaveLength(1);
    expect(second.keep.items.size).toBe(0);
  });

  it("are not taken for somebody else's where only the answer was lost", async () => {
    const portal = new FakePortal();
    const { store, clock, events } = page(portal);
    await store.load();
    portal.losesAnswers = true;
    store.set("a", mark("a"));
    await settled();
    portal.losesAnswers = false;
    store.set("a", mark("a", { text: "Nodule" }));
    await clock.pass(20_000);
    expect(events).toEqual([]);
    expect(portal.kept.get("a")).toMatchObject({ text: "Nodule", version: 2 });
  });

  it("that somebody changed meanwhile are shown as theirs, and one's own is kept as a copy", async () => {
    const portal = new FakePortal();
    const { store, events } = page(portal);
    await store.load();
    store.set("a", mark("a"));
    await settled();
    portal.kept.set("a", mark("a", { version: 2, text: "theirs" }));
    store.set("a", mark("a", { text: "mine" }));
    await settled();
    expect(events).toEqual(["conflict copy-1"]);
    expect(store.get("a")?.text).toBe("theirs");
    expect(portal.kept.get("copy-1")).toMatchObject({ text: "mine", version: 1 });
  });

  it("that may not be saved say so, and stay on the page", async () => {
    const portal = new FakePortal();
    const { store, events } = page(portal);
    await store.load();
    portal.failure = new Refused(403, "not_allowed", "");
    store.set("a", mark("a"));
    await settled();
    expect(events).toEqual(["refused not-allowed"]);
    expect(store.get("a")).not.toBeNull();
    expect(store.saveState).toEqual({ kind: "refused", why: "not-allowed" });
  });

  it("of a reader without the permission are never sent", async () => {
    const portal = new FakePortal();
    const { store } = page(portal, new FakeKeep(), false);
    await store.load();
    store.set("a", mark("a"));
    await settled();
    await store.refresh();
    expect(portal.log).toEqual([]);
    expect(store.all).toHaveLength(1);
  });

  it("that are gone already are gone", async () => {
    const portal = new FakePortal();
    const { store, events } = page(portal);
    await store.load();
    store.set("a", mark("a"));
    await settled();
    portal.failure = new Gone("answered 404");
    store.set("a", null);
    await settled();
    expect(events).toEqual([]);
    expect(store.saveState).toEqual({ kind: "saved" });
  });
});

describe("an answer of the portal", () => {
  const answer = {
    id: "6f1d3a52-1f7e-4f5e-9a67-3f6f3c1f2a10",
    kind: "circle",
    series_instance_uid: "1.2.3",
    sop_instance_uid: "1.2.3.4",
    frame_number: 2,
    points: [
      [10, 20],
      [15.5, 20],
    ],
    text: "Nodule",
    values: { area: 78.5, area_unit: "mm²", broken: null },
    author: { name: "Dr Elena Pascaru", is_me: true },
    version: 3,
    created_at: "2026-11-20T10:00:00Z",
    changed_at: "2026-11-20T10:05:00Z",
  };

  it("is read, and sent as it was read", () => {
    const read = parseMark(answer);
    expect(read).toMatchObject({ kind: "circle", frameNumber: 2, version: 3, values: { area: 78.5 } });
    expect(read && bodyOf(read, 3)).toMatchObject({
      version: 3,
      points: answer.points,
      values: { area: 78.5, area_unit: "mm²" },
    });
  });

  it("that is no mark is left out", () => {
    for (const broken of [
      null,
      "circle",
      { ...answer, kind: "spiral" },
      { ...answer, points: [[10, 20]] },
      {
        ...answer,
        points: [
          [10, 20],
          ["15", 20],
        ],
      },
      {
        ...answer,
        points: [
          [10, 20],
          [Number.NaN, 20],
        ],
      },
      { ...answer, is_deleted: true },
    ]) {
      expect(parseMark(broken)).toBeNull();
    }
  });

  it("of another program is drawn by our points", () => {
    const byDiameter = parseMark({
      ...answer,
      points: [
        [0, 0],
        [10, 0],
        [20, 0],
      ],
    });
    expect(byDiameter?.points).toEqual([
      [10, 0],
      [0, 0],
    ]);
    const byCorners = parseMark({
      ...answer,
      kind: "rectangle",
      points: [
        [0, 0],
        [4, 0],
        [4, 3],
        [0, 3],
      ],
    });
    expect(byCorners?.points).toEqual([
      [0, 0],
      [4, 3],
    ]);
  });
});

describe("undo", () => {
  it("goes back and forth, and forgets what was taken back when something new is done", () => {
    const history = new History();
    let state: Mark | null = null;
    const edit = (before: Mark | null, after: Mark | null) => ({
      id: "a",
      before,
      after,
      apply: (to: Mark | null) => {
        state = to;
      },
    });
    const [one, two] = [mark("a"), mark("a", { text: "two" })];
    history.do(edit(null, one));
    history.do(edit(one, two));
    history.undo();
    expect(state).toBe(one);
    history.undo();
    expect(state).toBeNull();
    expect(history.canUndo).toBe(false);
    history.redo();
    expect(state).toBe(one);
    history.do(edit(one, null));
    expect(history.canRedo).toBe(false);
    expect(state).toBeNull();
    history.undo();
    expect(state).toBe(one);
  });
});
