/** "Keep this layout for CT chest", and back to the usual one. */
import { part, write } from "../page/elements.ts";
import type { Workspace } from "../page/workspace.ts";
import { _ } from "../words/say.ts";
import type { Hanger } from "./hang.ts";
import { nameOfKind } from "./hanging.ts";
import type { Picker } from "./picker.ts";

export function startOwnLayouts(workspace: Workspace, hanger: Hanger, picker: Picker): void {
  const { hangingsUrl } = workspace.config;
  const kind = nameOfKind(hanger.kind);
  // Without an account there is nowhere to keep it.
  part("layout-own").hidden = hangingsUrl === "" || kind === "";
  write(part("layout-keep-words"), _("Keep this layout for {kind}", { kind }));
  const said = part("layout-said");
  const say = (words: string) => {
    write(said, words);
    said.hidden = words === "";
  };
  const failed = (error: unknown) => {
    console.warn(error);
    say(_("The portal did not take it. Nothing was changed; try again in a moment."));
  };
  picker.onOpen(() => say(""));
  part("layout-keep").addEventListener("click", () => {
    hanger.keep().then((taken) => {
      if (taken) say(_("Kept. Studies of {kind} open like this for you from now on.", { kind }));
      else say(_("You have kept as many layouts as there is room for. Take one back first."));
    }, failed);
  });
  part("layout-reset").addEventListener("click", () => {
    hanger.reset().then(() => picker.close(), failed);
  });
}
