/** Which key does what, and the list of keys that `?` shows. */
import type { ToolName } from "../engine/tools.ts";

export type Direction = "left" | "right" | "up" | "down";

export type Command =
  | { readonly do: "step"; readonly images: number }
  | { readonly do: "first" }
  | { readonly do: "last" }
  | { readonly do: "series"; readonly by: 1 | -1 }
  | { readonly do: "cine" }
  | { readonly do: "tool"; readonly tool: ToolName }
  | { readonly do: "preset"; readonly key: string }
  | { readonly do: "zoom"; readonly factor: number }
  | { readonly do: "nudge"; readonly direction: Direction }
  | { readonly do: "fit" }
  | { readonly do: "fold" }
  | { readonly do: "keys" };

export interface KeyPress {
  readonly key: string;
  /** Place of the key on the keyboard: letters work under a Cyrillic layout too. */
  readonly code: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

export const ZOOM_STEP = 1.2;

const TOOLS: Readonly<Record<string, ToolName>> = { s: "scroll", w: "window", z: "zoom", m: "move" };

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

const PLAIN: Readonly<Record<string, Command>> = {
  ArrowUp: { do: "step", images: -1 },
  ArrowDown: { do: "step", images: 1 },
  PageUp: { do: "series", by: -1 },
  PageDown: { do: "series", by: 1 },
  Home: { do: "first" },
  End: { do: "last" },
  " ": { do: "cine" },
  "+": { do: "zoom", factor: ZOOM_STEP },
  "=": { do: "zoom", factor: ZOOM_STEP },
  "-": { do: "zoom", factor: 1 / ZOOM_STEP },
  "\\": { do: "fold" },
  "?": { do: "keys" },
};

/** The letter on the key, or that of its place where the layout has none of a to z. */
function letterOf(press: KeyPress): string {
  const typed = press.key.toLowerCase();
  if (/^[a-z]$/.test(typed)) return typed;
  const place = /^Key([A-Z])$/.exec(press.code);
  return place?.[1]?.toLowerCase() ?? "";
}

export function commandOf(press: KeyPress): Command | null {
  if (press.ctrlKey || press.altKey || press.metaKey) return null;
  const direction = DIRECTIONS[press.key];
  if (press.shiftKey && direction) return { do: "nudge", direction };
  const plain = PLAIN[press.key];
  if (plain) return plain;
  if (/^[0-9]$/.test(press.key)) return { do: "preset", key: press.key };
  const letter = letterOf(press);
  if (press.shiftKey) return letter === "z" ? { do: "fit" } : null;
  const tool = TOOLS[letter];
  return tool ? { do: "tool", tool } : null;
}

/** Keys that a focused control needs for itself. */
export function belongsToControl(press: KeyPress, control: { tag: string; type: string } | null): boolean {
  if (!control) return false;
  const { tag, type } = control;
  if (tag === "TEXTAREA" || tag === "SELECT") return true;
  if (tag === "INPUT" && type !== "range") return true;
  if (tag === "INPUT") return /^(Arrow|Page|Home$|End$)/.test(press.key);
  if (tag === "BUTTON" || tag === "A" || tag === "SUMMARY") return press.key === " " || press.key === "Enter";
  return false;
}

/** What `?` lists: keys and what they do, in the order of use. */
export const KEY_LIST: readonly (readonly [
  title: string,
  rows: readonly (readonly [keys: string, does: string])[],
])[] = [
  [
    "Images",
    [
      ["↑ ↓", "One image back, on"],
      ["Home End", "First, last image"],
      ["PageUp PageDown", "Series before, after"],
      ["Space", "Play, pause"],
    ],
  ],
  [
    "Look",
    [
      ["S", "Left button scrolls"],
      ["W", "Left button sets the window"],
      ["Z", "Left button zooms"],
      ["M", "Left button moves"],
      ["+ −", "Zoom"],
      ["Shift Z", "Fit"],
      ["Shift ← ↑ → ↓", "The chosen tool, by keys"],
      ["\\", "Fold the tools"],
    ],
  ],
  [
    "Window",
    [
      ["1 … 9", "Presets (CT)"],
      ["0", "Standard: as the data say"],
    ],
  ],
  [
    "Mouse",
    [
      ["Left", "The chosen tool"],
      ["Wheel", "Scroll"],
      ["Right", "Window"],
      ["Middle", "Move"],
      ["Left and right", "Zoom"],
    ],
  ],
];
