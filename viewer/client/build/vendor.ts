/** Vite plugin: puts what the portal's other pages need from npm into vendor/ under stable names. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Plugin } from "vite";

const require = createRequire(import.meta.url);

const FILES: Readonly<Record<string, string>> = {
  "vendor/bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
  "vendor/htmx.min.js": "htmx.org/dist/htmx.min.js",
  "vendor/tus.min.js": "tus-js-client/dist/tus.min.js",
};

const NOTICE = "<!-- Bootstrap Icons, Copyright The Bootstrap Authors, MIT -->";

/** Names in the list file: one a line, sorted, blank lines ignored. */
export function iconNames(list: string): string[] {
  const names = list
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  for (const name of names) {
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) throw new Error(`"${name}" is not the name of an icon`);
  }
  return [...new Set(names)].sort();
}

/** One icon's SVG file as a <symbol> that `<use href="…/icons.svg#name">` finds. */
export function symbolOf(name: string, svg: string): string {
  const match = /<svg[^>]*\sviewBox="([^"]+)"[^>]*>([\s\S]*)<\/svg>/.exec(svg);
  if (!match) throw new Error(`the icon "${name}" has no viewBox`);
  return `<symbol id="${name}" viewBox="${match[1]}" fill="currentColor">${match[2]?.replace(/\s*\n\s*/g, "")}</symbol>`;
}

export function sprite(list: string): string {
  const symbols = iconNames(list).map((name) => {
    let path: string;
    try {
      path = require.resolve(`bootstrap-icons/icons/${name}.svg`);
    } catch (error) {
      throw new Error(`vendor/icons.txt names "${name}", which bootstrap-icons does not have`, {
        cause: error,
      });
    }
    return symbolOf(name, readFileSync(path, "utf8"));
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${NOTICE}\n${symbols.join("\n")}\n</svg>\n`;
}

export function vendorFiles(iconList: string): Plugin {
  return {
    name: "vendor-files",
    apply: "build",
    buildStart() {
      this.addWatchFile(iconList);
    },
    generateBundle() {
      for (const [fileName, source] of Object.entries(FILES)) {
        const text = readFileSync(require.resolve(source), "utf8");
        const withoutMap = text.replace(/\n?\/[*/]# sourceMappingURL=[^\n]*/g, "");
        this.emitFile({ type: "asset", fileName, source: withoutMap });
      }
      this.emitFile({
        type: "asset",
        fileName: "vendor/icons.svg",
        source: sprite(readFileSync(iconList, "utf8")),
      });
    },
  };
}
