/** What comes before the chosen tool and the commands: taking hold of what is drawn on an image. */
import type { Pane } from "../panes/pane.ts";
import type { Drag, Press, Tool } from "./tool.ts";

export interface Interceptor {
  /** A press of the left button or of one finger; null leaves it to the tool. */
  press(pane: Pane, press: Press, tool: Tool): Drag | null;
  /** A key; false leaves it to the tool and the commands. */
  key(pane: Pane, name: string): boolean;
}
