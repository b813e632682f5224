/** Names of key presses: "L", "Shift+Z", "Ctrl+Z", "PageUp", "Space", "?". */

export interface KeyPress {
  readonly key: string;
  /** Place of the key on the keyboard: letters work under a Cyrillic layout too. */
  readonly code: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const NAMES: Readonly<Record<string, string>> = {
  " ": "Space",
  Spacebar: "Space",
  "=": "+",
  "\u2212": "-",
  Delete: "Del",
  Escape: "Esc",
  ArrowUp: "Up",
  ArrowDown: "Down",
  ArrowLeft: "Left",
  ArrowRight: "Right",
};

/** Marks of an English keyboard by their place, where the reader's layout has none there. */
const PLACES: Readonly<Record<string, string>> = {
  BracketLeft: "[",
  BracketRight: "]",
  Backquote: "`",
  Backslash: "\\",
};

/** The letter on the key, or that of its place where the layout has none of a to z. */
function letterOf(press: KeyPress): string {
  const typed = press.key.toUpperCase();
  if (/^[A-Z]$/.test(typed)) return typed;
  const place = /^Key([A-Z])$/.exec(press.code);
  return place?.[1] ?? "";
}

function baseOf(press: KeyPress): { base: string; shiftCounts: boolean } {
  const letter = letterOf(press);
  if (letter !== "") return { base: letter, shiftCounts: true };
  const foreign = press.key.length === 1 && press.key.charCodeAt(0) > 127;
  const base = NAMES[press.key] ?? (foreign ? PLACES[press.code] : undefined) ?? press.key;
  // Shift is how "?" and "+" are typed; with arrows and the like it means something else.
  return { base, shiftCounts: base.length > 1 };
}

/** The name of a key press, as commands list it. */
export function keyName(press: KeyPress): string {
  const { base, shiftCounts } = baseOf(press);
  const parts = [
    press.ctrlKey || press.metaKey ? "Ctrl" : "",
    press.altKey ? "Alt" : "",
    press.shiftKey && shiftCounts ? "Shift" : "",
    base,
  ];
  return parts.filter((word) => word !== "").join("+");
}

/** True for a key that types a character by itself: a person may switch such shortcuts off (WCAG 2.1.4). */
export function isSingleCharacter(name: string): boolean {
  return name.length === 1;
}

/** Keys that a focused control needs for itself. */
export function belongsToControl(name: string, control: { tag: string; type: string } | null): boolean {
  if (!control) return false;
  const { tag, type } = control;
  if (tag === "TEXTAREA" || tag === "SELECT") return true;
  if (tag === "INPUT" && type !== "range" && type !== "checkbox" && type !== "radio") return true;
  if (tag === "INPUT") return /^(Up|Down|Left|Right|Page.*|Home|End|Space)$/.test(name);
  if (tag === "BUTTON" || tag === "A" || tag === "SUMMARY") return name === "Space" || name === "Enter";
  return false;
}

/** As UI texts write it: "Ctrl Z", "⇧ Z", "↑". */
export function shownKey(name: string): string {
  const words: Readonly<Record<string, string>> = { Up: "↑", Down: "↓", Left: "←", Right: "→", "-": "−" };
  if (name === "+") return name;
  return name
    .split("+")
    .map((word) => words[word] ?? word)
    .join(" ");
}

/** As `aria-keyshortcuts` writes it (WAI-ARIA 1.2). */
export function ariaKey(name: string): string {
  const words: Readonly<Record<string, string>> = {
    Ctrl: "Control",
    Del: "Delete",
    Esc: "Escape",
    Up: "ArrowUp",
    Down: "ArrowDown",
    Left: "ArrowLeft",
    Right: "ArrowRight",
  };
  if (name === "+") return "Plus";
  return name
    .split("+")
    .map((word) => words[word] ?? word)
    .join("+");
}
