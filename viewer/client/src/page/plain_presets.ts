/** Window presets in plain words, for patients: those that say something to them. */
import type { Preset } from "../dicom/windows.ts";
import { _ } from "../words/say.ts";

/** A preset's name as patients read it, or null where it says nothing to them. */
export function plainName({ name, window }: Preset): string | null {
  if (window === null) return _("As made");
  const words: Readonly<Record<string, string>> = {
    Lung: _("Lungs"),
    Abdomen: _("Organs"),
    Mediastinum: _("Heart and vessels"),
    Bone: _("Bones"),
    Cerebral: _("Brain"),
  };
  return words[name] ?? null;
}

/** Renames the buttons of presets, and takes away those without plain words. */
export function speakPlainly(presets: readonly Preset[]): void {
  for (const preset of presets) {
    const button = document.querySelector(`[data-command="preset-${preset.key}"]`);
    const name = plainName(preset);
    if (name === null) button?.remove();
    else button?.replaceChildren(name);
  }
}
