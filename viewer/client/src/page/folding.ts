/** Folds the rail of tools to icons; kept for the reader. */
import { _ } from "../words/say.ts";
import type { Workspace } from "./workspace.ts";

const NAME = "tools_folded";

export function startFolding({ commands, preferences }: Workspace): void {
  const draw = () => {
    const folded = preferences.get(NAME) === true;
    document.body.toggleAttribute("data-tools-folded", folded);
    commands.show("fold", folded);
  };
  commands.add({
    id: "fold",
    group: "view",
    title: _("Fold the tools"),
    keys: ["\\"],
    run: () => preferences.set(NAME, preferences.get(NAME) !== true),
  });
  preferences.onChange(draw);
  draw();
}
