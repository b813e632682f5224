/** Reads the reader's own keys and buttons out of their preferences, and puts them to use. */
import type { KeySettings } from "../commands/registry.ts";
import type { Preferences } from "../studies/config.ts";
import { type Bindings, DEFAULT_BINDINGS } from "../tools/tools.ts";
import type { Workspace } from "./workspace.ts";

/** Tools that another button than the left one may have: drags that draw nothing. */
export const BUTTON_TOOLS = ["scroll", "window", "zoom", "move"] as const;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function bindingsOf({ mouse }: Preferences): Bindings {
  const wanted = isRecord(mouse) ? mouse : {};
  const tool = (button: keyof Bindings) =>
    BUTTON_TOOLS.find((name) => name === wanted[button]) ?? DEFAULT_BINDINGS[button];
  return { right: tool("right"), middle: tool("middle"), both: tool("both") };
}

export function keysOf({ keys, single_letter_keys: single }: Preferences): KeySettings {
  const entries = Object.entries(isRecord(keys) ? keys : {}).map(([id, names]): [string, string[]] => [
    id,
    Array.isArray(names) ? names.filter((name) => typeof name === "string") : [],
  ]);
  return { keys: Object.fromEntries(entries), singleCharacters: single !== false };
}

export function startOwnSettings({ preferences, commands, tools }: Workspace): void {
  const use = () => {
    tools.bind(bindingsOf(preferences.all));
    commands.useKeys(keysOf(preferences.all));
  };
  preferences.onChange(use);
  use();
}
