/** The sheets of narrow screens: the rail of tools comes up from below, and goes when one is chosen. */

type Sheet = "measure" | "more";

function openers(): HTMLButtonElement[] {
  return [...document.querySelectorAll<HTMLButtonElement>("[data-sheet-open]")];
}

function show(sheet: Sheet | null): void {
  if (sheet) document.body.dataset.sheet = sheet;
  else delete document.body.dataset.sheet;
  for (const button of openers()) {
    button.setAttribute("aria-expanded", String(button.dataset.sheetOpen === sheet));
  }
}

export function startSheets(): void {
  for (const button of openers()) {
    button.addEventListener("click", () => {
      const wanted = button.dataset.sheetOpen === "measure" ? "measure" : "more";
      show(document.body.dataset.sheet === wanted ? null : wanted);
    });
  }
  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element) || target.closest("[data-sheet-open]")) return;
    const inSheet = target.closest(".viewer-tools");
    if (!inSheet || target.closest("[data-command]")) show(null);
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") show(null);
  });
}
