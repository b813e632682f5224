/** Build of the viewer page's client and of the npm files that every page of the portal uses. */
import { fileURLToPath } from "node:url";
import type { Rolldown } from "vite";
import { defineConfig } from "vitest/config";
import { vendorFiles } from "./build/vendor.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The loader's package does not say that its modules do nothing by themselves; its decoders run in workers only. */
const DOES_NOTHING_BY_ITSELF = /\/@cornerstonejs\/(dicom-image-loader|codec-[^/]+)\//;

interface Graph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

/** All that a module needs to run. */
function neededBy(entry: string, graph: Graph, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const id of graph.getModuleInfo(entry)?.importedIds ?? []) neededBy(id, graph, found);
  return found;
}

/** One file of all that a part of the page needs: a request for each little piece would cost a round trip. */
function together(name: string, entry: string, priority: number) {
  const choose = (id: string, graph: Graph) => (neededBy(here(entry), graph).has(id) ? name : null);
  return { name: choose, priority };
}

/** The decoders' glue for Node is never reached in a browser: that it is left out is no news. */
const onLog: NonNullable<Rolldown.InputOptions["onLog"]> = (level, log, report) => {
  if (!/externalized for browser compatibility/.test(log.message)) report(level, log);
};

export default defineConfig({
  root: here("."),
  base: "/static/viewer/",
  publicDir: false,
  plugins: [vendorFiles(here("vendor/icons.txt"))],
  resolve: {
    alias: {
      // jsPDF takes these for HTML and SVG; pages are drawn here.
      canvg: here("build/absent.ts"),
      dompurify: here("build/absent.ts"),
      html2canvas: here("build/absent.ts"),
      // Downloads of the study page and of the viewer are one.
      "portal-archive": here("../../static/portal/js/archive.js"),
      // The package exports this file to its own build only.
      "decode-image-frame": here(
        "node_modules/@cornerstonejs/dicom-image-loader/dist/esm/decodeImageFrameWorker.js",
      ),
    },
  },
  worker: { format: "es", rolldownOptions: { onLog } },
  build: {
    outDir: here("../../static/viewer"),
    emptyOutDir: true,
    manifest: true,
    cssCodeSplit: false,
    target: "es2022",
    chunkSizeWarningLimit: 4096,
    rolldownOptions: {
      onLog,
      input: { viewer: here("src/main.ts") },
      output: {
        codeSplitting: {
          groups: [together("start", "src/main.ts", 2), together("reading", "src/page/reader.ts", 1)],
        },
      },
      treeshake: { moduleSideEffects: [{ test: DOES_NOTHING_BY_ITSELF, sideEffects: false }] },
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
