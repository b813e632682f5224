/** Reads the reader's own keys and buttons out of their preferences, and puts them to use. */
import type { KeySettings } from "../commands/registry.ts";
import type { Preferences } from "../studies/config.ts";
import { type Bindings, DEFAULT_BINDINGS } from "../tools/tools.ts";
import { isRecord } from "./changes.ts";
import type { Workspace } from "./workspace.ts";

/** Tools that another button than the left one may have: drags that draw nothing. */
export const BUTTON_TOOLS = ["scroll", "window", "zoom", "move"] as const;

export function bindingsOf({ mouse }: Preferences): Bindings {
  const wanted = isRecord(mouse) ? mouse : {};
  const tool = (button: keyof Bindings) =>
    BUTTON_TOOLS.find((name) => name === wanted[button]) ?? DEFAULT_BINDINGS[button];
  return { right: tool("right"), middle: tool("middle"), both: tool("both") };
}

/** The buttons with another tool on one of them; what was not chosen stays open. */
export function withTool({ mouse }: Preferences, button: keyof Bindings, tool: string): object {
  return { ...(isRecord(mouse) ? mouse : {}), [button]: tool };
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
