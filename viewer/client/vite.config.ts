/** Build of the viewer page's client and of the npm files that every page of the portal uses. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { vendorFiles } from "./build/vendor.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "/static/viewer/",
  publicDir: false,
  plugins: [vendorFiles(here("vendor/icons.txt"))],
  worker: { format: "es" },
  build: {
    outDir: here("../../static/viewer"),
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    chunkSizeWarningLimit: 4096,
    rolldownOptions: { input: { viewer: here("src/main.ts") } },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
