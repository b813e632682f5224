/** What is asked for before the layout is there is what the layout will show. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { openingOf } from "../../src/layout/opening.ts";
import type { SeriesSummary, StudyConfig, ViewerConfig } from "../../src/studies/config.ts";
import type { Study } from "../../src/studies/study.ts";

class Navigation {
  constructor(readonly type: string) {}
}

function series(uid: string, modality: string, count: number, description = uid): SeriesSummary {
  return { uid, number: null, description, modality, bodyPart: "CHEST", count };
}

function study(uid: string, ...all: SeriesSummary[]): Study {
  return {
    uid,
    config: { serverId: "s", series: all, bodyParts: [] as string[] } as unknown as StudyConfig,
  } as Study;
}

function config(...places: ({ name: string; prior: boolean } | null)[]): ViewerConfig {
  const layout = { rows: 1, columns: 2, places: places.map((place) => place && { ...place, number: null }) };
  const hangings = places.length > 0 ? [{ modality: "CT", bodyPart: "CHEST", layout }] : [];
  return { simple: false, hangings } as unknown as ViewerConfig;
}

function page({ search = "", hash = "", type = "navigate", memory = null as unknown } = {}): void {
  vi.stubGlobal("location", { search, hash });
  vi.stubGlobal("PerformanceNavigationTiming", Navigation);
  vi.stubGlobal("performance", { getEntriesByType: () => [new Navigation(type)] });
  vi.stubGlobal("sessionStorage", { getItem: () => JSON.stringify(memory) });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

const LUNG = series("1.1", "CT", 100, "Lung");
const BONE = series("1.2", "CT", 100, "Bone");
const OLD = series("2.1", "CT", 90, "Lung");
const CT = study("1", LUNG, BONE);
const PRIOR = study("2", OLD);

describe("what opens first", () => {
  it("is the first series that is no scout", () => {
    page();
    expect(openingOf(config(), [study("1", series("1.0", "CT", 2, "Scout"), LUNG)], false)).toMatchObject({
      series: LUNG,
      isCertain: true,
    });
  });

  it("is what the reader keeps in the first place, of a prior too, but not on a phone", () => {
    page();
    const kept = config({ name: "Bone", prior: false }, { name: "Lung", prior: false });
    expect(openingOf(kept, [CT, PRIOR], false)?.series).toBe(BONE);
    expect(openingOf(kept, [CT, PRIOR], true)?.series).toBe(LUNG);
    const before = config({ name: "Lung", prior: true }, { name: "Bone", prior: false });
    expect(openingOf(before, [CT, PRIOR], false)).toMatchObject({ study: PRIOR, series: OLD });
  });

  it("is the first of the series that hang beside each other", () => {
    page();
    const [short, long] = [series("1.1", "MR", 10, "T1"), series("1.2", "MR", 30, "T2")];
    expect(openingOf(config(), [study("1", short, long)], false)?.series).toBe(short);
    expect(openingOf(config(), [study("1", short, long)], true)?.series).toBe(long);
  });

  it("is not known of projections before their images say what they show", () => {
    page();
    const [one, other] = [series("1.1", "MG", 1), series("1.2", "MG", 1)];
    expect(openingOf(config(), [study("1", one, other)], false)?.isCertain).toBe(false);
    expect(openingOf(config(), [study("1", one, other)], true)?.isCertain).toBe(true);
    expect(openingOf(config(), [study("1", one)], false)?.isCertain).toBe(true);
  });

  it("is what stood there before the page was loaded again, and its image", () => {
    const layout = { rows: 1, columns: 2 };
    const memory = { layout, panes: ["1 s 1.2 7", "1 s 1.1 40"], active: 1 };
    page({ type: "reload", memory });
    expect(openingOf(config(), [CT], false)).toMatchObject({ series: LUNG, start: 40 });
    expect(openingOf(config(), [CT], true)).toMatchObject({ series: BONE, start: 7 });
    page({ type: "navigate", memory });
    expect(openingOf(config(), [CT], false)?.start).toBeUndefined();
    page({ type: "reload", memory: { layout, panes: ["9 s 9.9 1"], active: 0 } });
    expect(openingOf(config(), [CT], false)?.series).toBe(LUNG);
  });

  it("is the series that a link names, where the study has it", () => {
    page({ search: "?series=1.2" });
    expect(openingOf(config(), [CT], false)?.series).toBe(BONE);
    page({ search: "?series=6.6" });
    expect(openingOf(config(), [CT], false)?.series).toBe(LUNG);
  });

  it("is nothing in a second window, whose first one decides", () => {
    page({ hash: `#second=${"0".repeat(32)}` });
    expect(openingOf(config(), [CT], false)).toBeNull();
  });
});
