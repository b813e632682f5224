/** Which renderer shows which kind of object; each is fetched when it is first needed. */
import type { Kind } from "../dicom/kinds.ts";
import type { Renderer } from "./renderer.ts";

const RENDERERS: Partial<Record<Kind, () => Promise<Renderer>>> = {
  document: async () => (await import("./document_view.ts")).renderDocument,
  report: async () => (await import("./report_view.ts")).renderReport,
  "key objects": async () => (await import("./keys_view.ts")).renderKeyObjects,
  waveform: async () => (await import("./waveform_view.ts")).renderWaveform,
  video: async () => (await import("./video_view.ts")).renderVideo,
};

/** The renderer of a kind; what has none of its own is said in words. */
export async function rendererOf(kind: Kind): Promise<Renderer> {
  const load = RENDERERS[kind];
  return load ? load() : (await import("./summary_view.ts")).renderSummary;
}
